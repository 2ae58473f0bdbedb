// The store against the obvious one of test/config-model.ts: every reader, at every place, has what that computes.
import type { ConfigFeedEvent, ConfigValue, Coordinates } from '@plumb/config/feed';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigModel, type ModelChange } from '../test/config-model.ts';
import { BOB, type ConfigWorld, openConfigWorld } from '../test/config-world.ts';

const at = { application: 'shop' } as const;

const PLACES: readonly Coordinates[] = [
  {},
  { environment: 'live' },
  { environment: 'live', region: 'eu' },
  { environment: 'dev', region: 'eu', releaseEnvironment: 'beta' },
];
const LAYERS = ['common', 'release:beta', 'env:live', 'env:dev', 'region:eu', 'env:live/region:eu'];

const key = fc.constantFrom('a', 'b', 'b.c', 'b.d', 'b.d.e');
const value = fc.oneof(fc.integer({ min: 0, max: 2 }), fc.constantFrom('x', '', null, false), fc.constant([1, 'y']));
const layer = fc.constantFrom(...LAYERS);
const change = fc.record({ key, layer, value: fc.option(value, { nil: undefined }) });
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      changes: fc.array(change, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('provision' as const), values: fc.dictionary(key, value) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rollback' as const), to: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('diff' as const), from: fc.nat(), to: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('protect' as const), isProtected: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('lose' as const), reader: fc.nat({ max: PLACES.length - 1 }) }),
  },
);

test('whatever is changed, proposed and rolled back, every reader at every place has what the obvious store computes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 18 }), async (steps) => {
      await using world = await openConfigWorld();
      const model = new ConfigModel();
      const bob = world.as(BOB);
      const readers = PLACES.map((place) => openReplica(world, place));
      for (const one of steps) {
        switch (one.kind) {
          case 'change':
            await tryChange(world, model, one.changes);
            break;
          case 'provision': {
            const gone = [...(model.layers.get('manifest')?.keys() ?? [])].filter((name) => !(name in one.values));
            const changes = [
              ...Object.entries(one.values).map(([name, given]) => ({ layer: 'manifest', key: name, value: given })),
              ...gone.map((name) => ({ layer: 'manifest', key: name })),
            ];
            const done = await world.config.provision({ ...at, values: one.values }).catch(codeOf);
            expect(done === 'invalid').toBe(!model.isWhole(model.with(changes)));
            if (typeof done !== 'string') model.commit(changes, done.revision);
            break;
          }
          case 'rollback': {
            const revision = model.revisions()[one.to % model.revisions().length] ?? 0;
            const changes = model.backTo(revision);
            const outcome = await settle(world.config.rollback({ ...at, revision }).catch(codeOf), bob);
            expect(outcome === 'invalid').toBe(!model.isWhole(model.with(changes)));
            if (typeof outcome === 'number') model.commit(changes, outcome);
            break;
          }
          case 'diff':
            await checkDiff(world, model, one);
            break;
          case 'protect':
            await world.config.protect({ ...at, environment: 'live', isProtected: one.isProtected });
            break;
          case 'lose':
            await readers[one.reader]?.lose();
            break;
        }
        for (const [i, place] of PLACES.entries()) {
          const wanted = model.view(place);
          expect((await world.config.snapshot({ ...at, ...place })).values).toEqual(wanted);
          const listed = await world.config.list({ ...at, ...place });
          expect(Object.fromEntries(listed.map((entry) => [entry.key, entry.value]))).toEqual(wanted);
          await readers[i]?.until(wanted);
        }
      }
      for (const reader of readers) await reader.lose();
    }),
    { numRuns: Number(process.env['FUZZ_SECONDS'] ?? 0) > 0 ? 10_000 : 60 },
  );
});

async function tryChange(world: ConfigWorld, model: ConfigModel, changes: readonly ModelChange[]): Promise<void> {
  const wanted = changes.map(({ layer: name, ...rest }) => ({ ...rest, layer: name }));
  const isFit = model.isWhole(model.with(changes));
  const outcome = await settle(world.config.change({ ...at, changes: wanted }).catch(codeOf), world.as(BOB));
  // A fault of another change that was made before cannot be: all that is there is whole.
  expect(outcome === 'invalid').toBe(!isFit);
  if (typeof outcome === 'number') model.commit(changes, outcome);
}

/** The revision that it was stored at, by somebody else's approval where that is needed, or why it was not. */
async function settle(
  asked: Promise<{ kind: string; revision?: number; proposal?: string } | string>,
  other: ConfigWorld['config'],
): Promise<number | string> {
  const outcome = await asked;
  if (typeof outcome === 'string') return outcome;
  if (outcome.kind === 'proposed') return settle(other.approve({ id: outcome.proposal ?? '' }), other);
  return outcome.revision ?? outcome.kind;
}

async function checkDiff(
  { config }: ConfigWorld,
  model: ConfigModel,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> {
  const revisions = model.revisions();
  const [first, second] = [from, to].map((index) => revisions[index % revisions.length] ?? 0);
  const forth = await config.diff({ ...at, from: first ?? 0, to: second });
  const back = await config.diff({ ...at, from: second ?? 0, to: first });
  expect(back.map(({ before, after, ...rest }) => ({ ...rest, before: after, after: before }))).toEqual(
    forth.map((one) => ({ before: undefined, after: undefined, ...one })),
  );
  // To the present, it is what a rollback takes back, and what the manifest gives since.
  const taken = await config.diff({ ...at, from: first ?? 0 });
  const wanted = model.backTo(first ?? 0).filter(({ layer: name, key: path, value: given }) => {
    return JSON.stringify(model.layers.get(name)?.get(path)) !== JSON.stringify(given);
  });
  const changed = taken.filter((one) => one.layer !== 'manifest');
  const ids = (all: readonly { layer: string; key: string }[]): string[] =>
    all.map((one) => `${one.layer} ${one.key}`).sort();
  expect(ids(changed)).toEqual(ids(wanted));
}

type Replica = { readonly until: (wanted: object) => Promise<void>; readonly lose: () => Promise<void> };

/** What a process has: the first snapshot, and each change after it. */
function openReplica({ config }: ConfigWorld, place: Coordinates): Replica {
  const values = new Map<string, ConfigValue>();
  let feed: AsyncIterator<ConfigFeedEvent> | undefined;
  const apply = async (): Promise<void> => {
    feed ??= config.watch({ ...at, ...place })[Symbol.asyncIterator]();
    const { value: event } = (await feed.next()) as { value: ConfigFeedEvent };
    if (event.kind === 'snapshot') {
      values.clear();
      for (const [name, given] of Object.entries(event.values)) values.set(name, given);
      return;
    }
    for (const { key: name, value: given } of event.changes) {
      // It is told of what is different, and of nothing else.
      expect(JSON.stringify(given)).not.toBe(JSON.stringify(values.get(name)));
      if (given === undefined) values.delete(name);
      else values.set(name, given);
    }
  };
  const sorted = (): string => JSON.stringify(Object.fromEntries([...values].sort(([a], [b]) => (a < b ? -1 : 1))));
  return {
    async until(wanted) {
      if (feed === undefined) await apply();
      while (sorted() !== JSON.stringify(wanted)) await apply();
    },
    async lose() {
      await feed?.return?.();
      feed = undefined;
    },
  };
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? String(error);
}
