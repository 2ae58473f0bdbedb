/** Answers of `resolve`: each is made and encoded once for all who ask the same, until the service changes. */
import { SharedValue } from '@plumb/rpc';
import type { Resolved } from './contract.ts';
import type { Instance } from './dictionary-schemas.ts';
import { orderInstances, type Place } from './order-instances.ts';
import type { RegistryView } from './registry-view.ts';

/** All that is kept, encoded and not, roughly. When it is full all of it is dropped: what is asked for is soon there again. */
export const ANSWERS_BYTES_MAX = 32 * 2 ** 20;
/** One that is kept. Encoding a greater one is little beside sending it. */
export const ANSWER_BYTES_MAX = 2 ** 20;
/** An instance without its tags, facts and checks, or the place that an answer is for, encoded, roughly. */
const PLAIN_BYTES = 400;

export type Question = {
  readonly service: string;
  readonly includeUnready: boolean;
  /** Where the instances are looked at from. */
  readonly near: Place;
};

type Answer = { readonly revision: number; readonly shared: SharedValue<Resolved> };

export class ResolvedAnswers {
  readonly #view: RegistryView;
  readonly #answers = new Map<string, Answer>();
  #sizeBytes = 0;

  constructor(view: RegistryView) {
    this.#view = view;
  }

  /** Roughly what is kept. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get(question: Question): SharedValue<Resolved> {
    const { service, includeUnready, near } = question;
    const key = `${service} ${includeUnready} ${JSON.stringify([near.host, near.zone])}`;
    const revision = this.#view.changedAt(service);
    const known = this.#answers.get(key);
    if (known?.revision === revision) return known.shared;
    const shared = this.#make(question, revision);
    this.#keep(key, { revision, shared });
    return shared;
  }

  #make({ service, includeUnready, near }: Question, revision: number): SharedValue<Resolved> {
    const isWanted = ({ health }: Instance): boolean => includeUnready || health.state === 'ready';
    const wanted = [...this.#view.instancesOf(service).values()].filter(isWanted);
    const sizeBytes = wanted.reduce((sum, instance) => sum + sizeOf(instance), PLAIN_BYTES);
    return new SharedValue({ revision, instances: orderInstances(wanted, near) }, sizeBytes);
  }

  #keep(key: string, answer: Answer): void {
    this.#sizeBytes -= this.#answers.get(key)?.shared.sizeBytes ?? 0;
    this.#answers.delete(key);
    const { sizeBytes } = answer.shared;
    if (sizeBytes > ANSWER_BYTES_MAX) return;
    if (this.#sizeBytes + sizeBytes > ANSWERS_BYTES_MAX) {
      this.#answers.clear();
      this.#sizeBytes = 0;
    }
    this.#answers.set(key, answer);
    this.#sizeBytes += sizeBytes;
  }
}

function sizeOf({ tags = [], facts = {}, health: { checks = [] } }: Instance): number {
  let sizeBytes = PLAIN_BYTES;
  for (const tag of tags) sizeBytes += tag.length;
  for (const name in facts) sizeBytes += name.length + (facts[name]?.length ?? 0);
  for (const { name, output = '' } of checks) sizeBytes += PLAIN_BYTES + name.length + output.length;
  return sizeBytes;
}
