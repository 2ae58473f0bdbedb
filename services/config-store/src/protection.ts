import { OperatingError } from '@plumb/base';
import { type Collection, type Compare, createCollection, type Kv } from '@plumb/kv';
import type { KeyChange } from './key-change.ts';
import { reaches } from './layer-order.ts';

/** Environments of one application that need a second person. */
const ENVIRONMENTS_MAX = 64;

type ProtectionRecord = { readonly environments: readonly string[]; readonly author: string; readonly at: number };

export type Guard = {
  /** Sorted. */
  readonly environments: readonly string[];
  /** Holds while they are protected as they were. */
  readonly compare: Compare;
};

/** Which environments of an application need a second person for each change that reaches them. */
export class Protection {
  readonly #records: Collection<ProtectionRecord>;

  constructor(kv: Kv) {
    this.#records = createCollection(kv, 'config/protected/');
  }

  async read(application: string): Promise<Guard> {
    const item = await this.#records.get(application);
    return {
      environments: item?.value.environments ?? [],
      compare: this.#records.compare(application, item?.modRevision ?? 0),
    };
  }

  /** Safe to call twice. @throws OperatingError `exhausted`, `conflict`. */
  async set(
    application: string,
    { environment, isProtected }: { readonly environment: string; readonly isProtected: boolean },
    by: { readonly author: string; readonly at: number },
  ): Promise<void> {
    const item = await this.#records.get(application);
    const others = (item?.value.environments ?? []).filter((name) => name !== environment);
    const environments = (isProtected ? [...others, environment] : others).sort();
    if (environments.length > ENVIRONMENTS_MAX) {
      throw new OperatingError('exhausted', `${application} has ${ENVIRONMENTS_MAX} protected environments, the most`);
    }
    const condition = { ifRevision: item?.modRevision ?? 0 };
    const outcome = await this.#records.put(application, { environments, ...by }, condition);
    if (outcome.kind === 'conflict') {
      throw new OperatingError('conflict', `the protection of ${application} was changed at the same time: try again`);
    }
  }
}

/** The protected environments that changes reach: what is in no environment reaches all of them. */
export function reachedBy(changes: readonly Pick<KeyChange, 'layer'>[], environments: readonly string[]): string[] {
  return environments.filter((environment) => changes.some(({ layer }) => reaches(layer, environment)));
}
