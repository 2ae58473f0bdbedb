/** The property tests of `kvSuite`: random histories against the model. */
import type { Entry, WatchEvent } from '@plumb/kv';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFakeClock } from './fake-clock.ts';
import { KEYS, KvModel, PREFIXES, requests, sortEntries } from './kv-model.ts';
import type { KvSubject } from './kv-suite.ts';

function historyRuns(runs: number): { numRuns: number } {
  return { numRuns: fc.readConfigureGlobal().numRuns ?? runs };
}

// Goal: whatever is asked, alone or together, every answer and all that is listed are those of the model, across
// restarts too. Method: requests that are submitted at once, so that groups form, between restarts.
export function kvAnswersTest(createSubject: () => Promise<KvSubject>, runs: number): void {
  test('a store answers as a sorted Map would', async () => {
    const step = fc.oneof({ weight: 5, arbitrary: requests }, fc.constant('restart' as const));
    const property = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      await using subject = await createSubject();
      const clock = createFakeClock();
      const model = new KvModel();
      let kv = await subject.open({ clock });
      try {
        for (const step of steps) {
          await model.grantLease(kv);
          if (step === 'restart') {
            await kv[Symbol.asyncDispose]();
            kv = await subject.open({ clock });
          } else {
            const answers = step.map((request) => model.submit(kv, request));
            for (const [expected, answer] of answers) expect(await answer).toEqual(expected);
          }
          for (const prefix of PREFIXES) {
            expect(await kv.list(prefix)).toEqual({ revision: model.revision, entries: model.list(prefix) });
          }
          for (const key of KEYS) expect(await kv.get(key)).toEqual(model.get(key));
        }
      } finally {
        await kv[Symbol.asyncDispose]();
      }
    });
    await fc.assert(property, historyRuns(runs));
  });
}

// Goal: however slowly a watch is read, its reader holds after each event exactly what the store held under the prefix
// at the event's revision: no half transaction, nothing missed, nothing twice. Method: requests and reads at random,
// with a queue so small that falling behind is common.
export function kvReplicaTest(createSubject: () => Promise<KvSubject>, runs: number): void {
  test('a reader that applies every event of a watch holds what the store held', async () => {
    const step = fc.oneof(requests, fc.record({ reads: fc.integer({ min: 1, max: 4 }) }));
    const history = fc.array(step, { maxLength: 20 });
    const property = fc.asyncProperty(history, fc.constantFrom(...PREFIXES), async (steps, prefix) => {
      await using subject = await createSubject();
      await using kv = await subject.open({ clock: createFakeClock(), watchQueueMax: 3 });
      const stop = new AbortController();
      const model = new KvModel();
      const held = new Map([[0, model.list(prefix)]]);
      const replica = new Replica(kv.watch(prefix, { signal: stop.signal }));
      const applyNext = async (): Promise<boolean> => {
        const event = await replica.applyNext();
        if (event !== undefined) expect(replica.list()).toEqual(held.get(event.revision));
        return event !== undefined;
      };
      for (const step of steps) {
        if ('reads' in step) {
          for (let i = 0; i < step.reads; i += 1) await applyNext();
          continue;
        }
        await model.grantLease(kv);
        const answers = step.map((request) => {
          const [, answer] = model.submit(kv, request);
          held.set(model.revision, model.list(prefix));
          return answer;
        });
        await Promise.all(answers);
      }
      while (await applyNext()) continue;
      expect(replica.list()).toEqual(model.list(prefix));
      stop.abort();
    });
    await fc.assert(property, historyRuns(runs));
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
  async applyNext(): Promise<WatchEvent | undefined> {
    if (!this.#isReading) {
      this.#isReading = true;
      void this.#watch.next().then((result) => (this.#ready = result));
    }
    await new Promise((resolve) => setImmediate(resolve));
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
