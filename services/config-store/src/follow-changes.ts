/**
 * What becomes different in configuration, for screens: by application and part, so that they ask again for what they
 * show. Gathered, so that a busy application costs a screen no more than a quiet one.
 */
import { type Clock, OperatingError, sleep } from '@plumb/base';
import type { Kv } from '@plumb/kv';
import { follow, type ResubscribeOptions } from '@plumb/rpc';

export type ConfigPart = 'values' | 'schema' | 'proposals' | 'rollouts' | 'convergence' | 'recipients' | 'reads';
export type ConfigNews = { readonly application: string; readonly parts: ConfigPart[] };

/** Four times a second a screen seems to be at once. */
const PERIOD_MS = 250;
/** Applications with news at the same time; a screen that is that far behind asks for everything. */
const PENDING_MAX = 1_000;

export class ChangeNews {
  readonly #clock: Clock;
  readonly #listeners = new Set<(application: string | undefined, part: ConfigPart) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Of all applications where none is named: who follows one is told of that one, who follows all is not told. */
  note(application: string | undefined, part: ConfigPart): void {
    for (const listener of this.#listeners) listener(application, part);
  }

  /**
   * Each application at most four times a second, with all parts that are different since. Ends when `signal` aborts.
   * @throws OperatingError `exhausted` for a reader who is `PENDING_MAX` applications behind: it opens it again, and asks for everything.
   */
  async *follow(wanted: string | undefined, signal: AbortSignal): AsyncGenerator<ConfigNews> {
    const pending = new Map<string, Set<ConfigPart>>();
    let wake = Promise.withResolvers<void>();
    const listener = (named: string | undefined, part: ConfigPart): void => {
      const application = named ?? wanted;
      if (application === undefined || application !== (wanted ?? application)) return;
      const parts = pending.get(application) ?? new Set();
      // One more than fits is the sign of it.
      if (pending.size <= PENDING_MAX) pending.set(application, parts.add(part));
      wake.resolve();
    };
    const stop = (): void => wake.resolve();
    this.#listeners.add(listener);
    signal.addEventListener('abort', stop);
    try {
      while (!signal.aborted) {
        if (pending.size > PENDING_MAX) {
          throw new OperatingError(
            'exhausted',
            `more than ${PENDING_MAX} applications have news: follow again, and read all`,
          );
        }
        const batch = [...pending];
        pending.clear();
        wake = Promise.withResolvers<void>();
        for (const [application, parts] of batch) yield { application, parts: [...parts].sort() };
        if (batch.length > 0) await sleep(this.#clock, PERIOD_MS, signal);
        if (pending.size === 0 && !signal.aborted) await wake.promise;
      }
    } finally {
      signal.removeEventListener('abort', stop);
      this.#listeners.delete(listener);
    }
  }
}

/** Parts of what is kept, by the first word of its key below `config/`; the second is the application. */
const PART_OF: Readonly<Record<string, ConfigPart>> = {
  value: 'values',
  schema: 'schema',
  proposal: 'proposals',
  protected: 'proposals',
  rollout: 'rollouts',
  recipient: 'recipients',
};
/** What is for all of them is kept under this, which is no name. */
export const EVERY_APPLICATION = '*';

/** Tells `news` of what is written into the store from then on, whoever writes it, until `signal` aborts. Never rejects. */
export async function noteStored(kv: Kv, news: ChangeNews, options: ResubscribeOptions): Promise<void> {
  await follow(
    (signal) => kv.watchFrom('config/', { fromRevision: kv.revision() + 1, signal }),
    (event) => {
      if (event.kind !== 'change') return;
      for (const key of [...event.puts.map((entry) => entry.key), ...event.deletes]) {
        const [, word = '', application] = key.split('/', 3);
        const part = PART_OF[word];
        if (part !== undefined) news.note(application === EVERY_APPLICATION ? undefined : application, part);
      }
    },
    options,
  );
}
