/** What `kvSuite` is run on. */
import type { Clock } from '@plumb/base';
import type { Kv } from '@plumb/kv';
import { test } from 'vitest';
import { createFakeClock } from './fake-clock.ts';
import type { KvLacks } from './kv-lack.ts';

export type KvSubjectOptions = {
  readonly clock: Clock;
  readonly watchQueueMax?: number;
  readonly historyRevisionsMax?: number;
};

/** One store, empty at first. Opening it again after closing it is a restart. Disposing deletes it. */
export type KvSubject = AsyncDisposable & { readonly open: (options: KvSubjectOptions) => Promise<Kv> };

export type KvSuiteOptions = {
  /** How many random histories are tried, where the soak test does not say otherwise. */
  readonly runs: number;
  /** What this store cannot do; tests of it are skipped, and say so. */
  readonly lacks: KvLacks;
  /** Lets what is ready arrive at whoever waits for it. */
  readonly settle: () => Promise<void>;
};

export type KvSuite = {
  readonly createSubject: () => Promise<KvSubject>;
  readonly options: KvSuiteOptions;
  /** A test on an open store with a clock that stands still. `at(n)` is the n-th revision after that of the empty store. */
  readonly kvTest: (
    title: string,
    body: (kv: Kv, at: (count: number) => number) => Promise<void>,
    needs?: Needs,
  ) => void;
  /** A test that opens stores itself. */
  readonly subjectTest: (title: string, body: (subject: KvSubject) => Promise<void>, needs?: Needs) => void;
};

/** What a test needs, and some stores lack. */
type Needs = readonly (keyof KvLacks)[];

export function createKvSuite(createSubject: () => Promise<KvSubject>, options: KvSuiteOptions): KvSuite {
  const subjectTest: KvSuite['subjectTest'] = (title, body, needs = []) => {
    const reason = needs.map((name) => options.lacks[name]).find((text) => text !== undefined);
    if (reason !== undefined) {
      test.skip(`${title} (${reason})`);
      return;
    }
    test(title, async () => {
      await using subject = await createSubject();
      await body(subject);
    });
  };
  const kvTest: KvSuite['kvTest'] = (title, body, needs) =>
    subjectTest(
      title,
      async (subject) => {
        await using kv = await subject.open({ clock: createFakeClock() });
        const base = kv.revision();
        await body(kv, (count) => base + count);
      },
      needs,
    );
  return { createSubject, options, kvTest, subjectTest };
}
