/** The property tests of `kvSuite`: random histories against the model. */
import type { Entry, KeyRange, Kv, WatchEvent } from '@plumb/kv';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFakeClock } from './fake-clock.ts';
import { KvReader } from './kv-reader.ts';
import { sortEntries } from './kv-model.ts';
import { until } from './until.ts';
import { KEYS, PREFIXES, queries, range, requests, resolveQuery } from './kv-requests.ts';
import { KvSession } from './kv-session.ts';
import type { KvSubject, KvSuiteOptions } from './kv-subject.ts';

/** Small, so that histories of a few changes reach it. */
const HISTORY_REVISIONS_MAX = 8;

function historyRuns({ runs }: KvSuiteOptions): { numRuns: number } {
  return { numRuns: fc.readConfigureGlobal().numRuns ?? runs };
}

// Goal: whatever is asked, alone or together, every answer and all that can be read, in the present and in the past, are
// those of the model, across restarts too. Method: requests that are submitted at once, so that groups form, between
// restarts.
export function kvAnswersTest(createSubject: () => Promise<KvSubject>, options: KvSuiteOptions): void {
  test('a store answers as a sorted Map would', async () => {
    const step = fc.oneof({ weight: 5, arbitrary: requests }, fc.constant('restart' as const));
    const steps = fc.array(fc.tuple(step, fc.array(queries, { maxLength: 3 })), { maxLength: 12 });
    const property = fc.asyncProperty(steps, async (steps) => {
      await using subject = await createSubject();
      const openOptions = { clock: createFakeClock(), historyRevisionsMax: HISTORY_REVISIONS_MAX };
      let kv = await subject.open(openOptions);
      const session = new KvSession(kv, options.lacks, HISTORY_REVISIONS_MAX);
      try {
        for (const [step, asked] of steps) {
          await session.grantLease(kv);
          if (step === 'restart') {
            await kv[Symbol.asyncDispose]();
            kv = await subject.open(openOptions);
          } else {
            for (const [expected, answer] of await session.submit(kv, step)) expect(answer).toEqual(expected);
          }
          await expectEqual(kv, session, options);
          for (const draft of asked) {
            const query = resolveQuery(draft, session.firstRevision, session.model.revision);
            const answer = kv.range(query).catch((error: { readonly code?: unknown }) => {
              if (error.code === 'not-found' || error.code === 'invalid') return undefined;
              throw error;
            });
            expect(await answer).toEqual(session.model.range(query));
          }
        }
      } finally {
        await kv[Symbol.asyncDispose]();
      }
    });
    await fc.assert(property, historyRuns(options));
  });
}

async function expectEqual(kv: Kv, { model }: KvSession, { lacks }: KvSuiteOptions): Promise<void> {
  for (const prefix of PREFIXES) {
    expect(await kv.list(prefix)).toEqual({ revision: model.revision, entries: model.list(prefix) });
  }
  for (const key of KEYS) expect(await kv.get(key)).toEqual(model.get(key));
  const leases = await kv.listLeases();
  if (lacks.ownRevisions === undefined) expect(leases.toSorted()).toEqual([...model.leases].toSorted());
  else expect(leases).toEqual(expect.arrayContaining([...model.leases]));
  for (const leaseId of model.leases) {
    const keys = model.list('').filter((entry) => entry.leaseId === leaseId);
    expect((await kv.getLease(leaseId))?.keys).toEqual(keys.map(({ key }) => key));
  }
}

// Goal: however slowly a watch is read, its reader holds after each event exactly what the store held in the range at the
// event's revision: no half transaction, nothing missed, nothing twice. Method: requests and reads at random, with a queue
// so small that falling behind is common.
export function kvReplicaTest(createSubject: () => Promise<KvSubject>, options: KvSuiteOptions): void {
  test('a reader that applies every event of a watch holds what the store held', async () => {
    const step = fc.oneof(requests, fc.record({ reads: fc.integer({ min: 1, max: 4 }) }));
    const history = fc.array(step, { maxLength: 20 });
    const property = fc.asyncProperty(history, range, async (steps, watched) => {
      await using subject = await createSubject();
      await using kv = await subject.open({ clock: createFakeClock(), watchQueueMax: 3 });
      const stop = new AbortController();
      const session = new KvSession(kv, options.lacks, Number.POSITIVE_INFINITY);
      const { model } = session;
      const entries = (): readonly Entry[] => model.range(watched)?.entries ?? [];
      const held = new Map([[model.revision, entries()]]);
      const replica = new Replica(kv.watch(watched, { signal: stop.signal }));
      const applyNext = async (): Promise<boolean> => {
        const event = await replica.applyNext(options.settle);
        if (event !== undefined) expect(replica.list()).toEqual(held.get(event.revision));
        return event !== undefined;
      };
      for (const step of steps) {
        if ('reads' in step) {
          for (let i = 0; i < step.reads; i += 1) await applyNext();
          continue;
        }
        await session.grantLease(kv);
        await session.submit(kv, step, () => held.set(model.revision, entries()));
      }
      await until('the reader has everything', async () => {
        while (await applyNext()) continue;
        expect(replica.list()).toEqual(entries());
        return true;
      });
      stop.abort();
    });
    await fc.assert(property, historyRuns(options));
  });
}

// Goal: a reader that begins at any revision, reads however slowly, and goes on after a restart from where it was, gets
// every change of its range once, in order, with what was there before; or is told, rightly, that it is too late.
// Method: several such readers among requests, compactions and restarts, with a short history and a small queue.
export function kvReadersTest(createSubject: () => Promise<KvSubject>, options: KvSuiteOptions): void {
  test('a watch from a revision gives every change once, across restarts, or says that it is compacted', async () => {
    const start = fc.record({ back: fc.integer({ min: -2, max: 10 }), range, progress: fc.boolean() });
    const read = fc.record({ reader: fc.nat({ max: 3 }), reads: fc.integer({ min: 1, max: 5 }) });
    const step = fc.oneof(
      { weight: 5, arbitrary: requests },
      { weight: 2, arbitrary: start },
      { weight: 4, arbitrary: read },
      fc.constant('restart' as const),
    );
    const property = fc.asyncProperty(fc.array(step, { maxLength: 24 }), async (steps) => {
      await using subject = await createSubject();
      const openOptions = { clock: createFakeClock(), watchQueueMax: 3, historyRevisionsMax: HISTORY_REVISIONS_MAX };
      let kv = await subject.open(openOptions);
      const session = new KvSession(kv, options.lacks, HISTORY_REVISIONS_MAX);
      const readers: KvReader[] = [];
      try {
        for (const step of steps) {
          await session.grantLease(kv);
          if (step === 'restart') {
            await kv[Symbol.asyncDispose]();
            kv = await subject.open(openOptions);
            for (const reader of readers) await reader.resume(kv);
          } else if ('back' in step) {
            const fromRevision = Math.max(0, session.model.revision + 1 - step.back);
            const watched: KeyRange = step.range;
            readers.push(
              new KvReader(kv, session.model, { ...step, range: watched, fromRevision, settle: options.settle }),
            );
          } else if ('reader' in step) {
            for (let i = 0; i < step.reads; i += 1) await readers[step.reader]?.readNext();
          } else {
            await session.submit(kv, step);
          }
        }
        for (const reader of readers) await reader.readAll();
      } finally {
        await kv[Symbol.asyncDispose]();
      }
    });
    await fc.assert(property, historyRuns(options));
  });
}

/** What a reader of a watch builds from its events. */
class Replica {
  readonly #watch: AsyncIterator<WatchEvent>;
  #entries = new Map<string, Entry>();
  #revision = -1;
  #isReading = false;
  #ready: IteratorResult<WatchEvent> | undefined;

  constructor(watch: AsyncIterable<WatchEvent>) {
    this.#watch = watch[Symbol.asyncIterator]();
  }

  /** Applies the next event if it is ready now, and returns it. */
  async applyNext(settle: () => Promise<void>): Promise<WatchEvent | undefined> {
    if (!this.#isReading) {
      this.#isReading = true;
      void this.#watch.next().then((result) => (this.#ready = result));
    }
    await settle();
    const event = this.#ready?.value as WatchEvent | undefined;
    if (event === undefined) return undefined;
    this.#isReading = false;
    this.#ready = undefined;
    this.#apply(event);
    return event;
  }

  list(): Entry[] {
    return sortEntries([...this.#entries.values()]);
  }

  #apply(event: WatchEvent): void {
    expect(event.revision).toBeGreaterThan(event.kind === 'snapshot' ? this.#revision - 1 : this.#revision);
    this.#revision = event.revision;
    if (event.kind === 'snapshot') {
      this.#entries = new Map(event.entries.map((entry) => [entry.key, entry]));
      return;
    }
    expect(event.puts.length + event.deletes.length).toBeGreaterThan(0);
    for (const entry of event.puts) this.#entries.set(entry.key, entry);
    for (const name of event.deletes) expect(this.#entries.delete(name)).toBe(true);
  }
}
