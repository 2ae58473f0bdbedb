/** Random histories of a `Kv` against the obvious slow version: a sorted Map that is copied for each transaction. */
import type { Compare, Entry, Kv, Operation, TransactionResult, WatchEvent } from '@plumb/kv';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFakeClock } from './fake-clock.ts';
import type { KvSubject } from './kv-suite.ts';

/** Few, so that they meet; with prefixes of each other, and in an order that UTF-16 and UTF-8 disagree on. */
const KEYS = ['a', 'a/1', 'a/2', 'b', 'b/é', '\uFFFD', '\u{1F600}'];
const PREFIXES = ['', 'a', 'a/', 'b/', 'none'];

/** A random transaction. `offset` is added to the key's revision; -1 mostly does not hold. */
type Draft = {
  readonly operations: readonly ({ readonly lease: boolean } & Operation)[];
  readonly compare: readonly { readonly key: string; readonly offset: number }[];
};
type Step =
  /** Submitted together, without waiting. */
  { readonly burst: readonly Draft[] } | { readonly restart: true } | { readonly revoke: true };

const key = fc.constantFrom(...KEYS);
const operation = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('put' as const), key, value: fc.uint8Array({ maxLength: 4 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
  fc.record({ kind: fc.constant('delete-prefix' as const), prefix: fc.constantFrom(...PREFIXES) }),
);
const draft: fc.Arbitrary<Draft> = fc.record({
  operations: fc.array(
    fc.tuple(operation, fc.boolean()).map(([part, lease]) => ({ ...part, lease })),
    { maxLength: 4 },
  ),
  compare: fc.array(fc.record({ key, offset: fc.constantFrom(0, 0, 0, -1) }), { maxLength: 2 }),
});
const burst: fc.Arbitrary<Step> = fc.record({ burst: fc.array(draft, { minLength: 1, maxLength: 5 }) });
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof({ weight: 6, arbitrary: burst }, fc.constant<Step>({ restart: true }), fc.constant<Step>({ revoke: true })),
  { maxLength: 12 },
);

class KvModel {
  entries = new Map<string, Entry>();
  revision = 0;

  transact(operations: readonly Operation[], compare: readonly Compare[]): TransactionResult {
    for (const { key, modRevision } of compare) {
      const current = this.entries.get(key);
      if ((current?.modRevision ?? 0) !== modRevision) return { kind: 'conflict', key, current };
    }
    const before = this.entries;
    this.entries = new Map(before);
    const modRevision = this.revision + 1;
    for (const part of operations) {
      if (part.kind === 'put') {
        const { key, value, leaseId } = part;
        const createRevision = this.entries.get(key)?.createRevision ?? modRevision;
        this.entries.set(key, {
          key,
          value,
          createRevision,
          modRevision,
          ...(leaseId === undefined ? {} : { leaseId }),
        });
      } else {
        for (const key of this.entries.keys()) {
          if (part.kind === 'delete' ? key === part.key : key.startsWith(part.prefix)) this.entries.delete(key);
        }
      }
    }
    const isChanged =
      before.size !== this.entries.size || [...before].some(([key, entry]) => this.entries.get(key) !== entry);
    if (isChanged) this.revision = modRevision;
    return { kind: 'committed', revision: this.revision };
  }

  list(prefix: string): Entry[] {
    const entries = [...this.entries.values()].filter(({ key }) => key.startsWith(prefix));
    return entries.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  }
}

/** Turns a draft into what is asked of both, given what the model holds. */
function finishDraft(model: KvModel, { operations, compare }: Draft, leaseId: string): [Operation[], Compare[]] {
  return [
    operations.map(({ lease, ...part }) => (lease && part.kind === 'put' ? { ...part, leaseId } : part)),
    compare.map(({ key, offset }) => ({ key, modRevision: (model.entries.get(key)?.modRevision ?? 0) + offset })),
  ];
}

function historyRuns(runs: number): { numRuns: number } {
  return { numRuns: fc.readConfigureGlobal().numRuns ?? runs };
}

// Goal: whatever is asked, alone or together, every answer and all that is listed are those of the model, across
// restarts too. Method: bursts that are submitted at once, so that groups form, between restarts and ended leases.
export function kvModelTest(createSubject: () => Promise<KvSubject>, runs: number): void {
  test('a store answers as a sorted Map would', async () => {
    const property = fc.asyncProperty(steps, async (steps) => {
      await using subject = await createSubject();
      const clock = createFakeClock();
      const model = new KvModel();
      let kv = await subject.open({ clock });
      try {
        let { leaseId } = await kv.grantLease(60_000);
        for (const step of steps) {
          if ('burst' in step) {
            const pairs = step.burst.map((one) => {
              const [operations, compare] = finishDraft(model, one, leaseId);
              return [model.transact(operations, compare), kv.transact(operations, { compare })] as const;
            });
            for (const [expected, result] of pairs) expect(await result).toEqual(expected);
          } else if ('revoke' in step) {
            const keys = model.list('').filter((entry) => entry.leaseId === leaseId);
            model.transact(
              keys.map(({ key }) => ({ kind: 'delete', key })),
              [],
            );
            await kv.revokeLease(leaseId);
            leaseId = (await kv.grantLease(60_000)).leaseId;
          } else {
            await kv[Symbol.asyncDispose]();
            kv = await subject.open({ clock });
          }
          for (const prefix of PREFIXES) {
            expect(await kv.list(prefix)).toEqual({ revision: model.revision, entries: model.list(prefix) });
          }
          for (const key of KEYS) expect(await kv.get(key)).toEqual(model.entries.get(key));
        }
      } finally {
        await kv[Symbol.asyncDispose]();
      }
    });
    await fc.assert(property, historyRuns(runs));
  });
}

// Goal: however slowly a watch is read, its reader holds after each event exactly what the store held under the prefix
// at the event's revision: no half transaction, nothing missed, nothing twice. Method: bursts and reads at random, with
// a queue so small that falling behind is common.
export function kvReplicaTest(createSubject: () => Promise<KvSubject>, runs: number): void {
  test('a reader that applies every event of a watch holds what the store held', async () => {
    const readStep = fc.record({ reads: fc.integer({ min: 1, max: 4 }) });
    const steps = fc.array(fc.oneof(burst, readStep), { maxLength: 20 });
    const property = fc.asyncProperty(steps, fc.constantFrom(...PREFIXES), async (steps, prefix) => {
      await using subject = await createSubject();
      await using kv = await subject.open({ clock: createFakeClock(), watchQueueMax: 3 });
      const model = new KvModel();
      const history = new Map([[0, model.list(prefix)]]);
      const stop = new AbortController();
      const replica = new Replica(kv.watch(prefix, { signal: stop.signal }));
      const applyNext = async (): Promise<boolean> => {
        const event = await replica.applyNext();
        if (event !== undefined) expect(replica.list()).toEqual(history.get(event.revision));
        return event !== undefined;
      };
      const { leaseId } = await kv.grantLease(60_000);
      for (const step of steps) {
        if ('reads' in step) for (let i = 0; i < step.reads; i += 1) await applyNext();
        else if ('burst' in step)
          await runBurst(kv, model, step.burst, leaseId, () => history.set(model.revision, model.list(prefix)));
      }
      while (await applyNext()) continue;
      expect(replica.list()).toEqual(model.list(prefix));
      stop.abort();
    });
    await fc.assert(property, historyRuns(runs));
  });
}

async function runBurst(
  kv: Kv,
  model: KvModel,
  drafts: readonly Draft[],
  leaseId: string,
  record: () => void,
): Promise<void> {
  const results = drafts.map((one) => {
    const [operations, compare] = finishDraft(model, one, leaseId);
    model.transact(operations, compare);
    record();
    return kv.transact(operations, { compare });
  });
  await Promise.all(results);
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
    return [...this.#entries.values()].sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
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
