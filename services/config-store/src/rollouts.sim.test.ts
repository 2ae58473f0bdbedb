// Goal: wherever a plumbd dies in a rollout, at each write, with or without that write, every instance has all old values or
// all new ones, at every event; and when plumbd is back it goes on to an end that all instances share.
// Method: random rollouts of two keys, gates, fleets and deaths, on the real service and the real feed. `ROLLOUT_ROUNDS` are
// the rounds; fast-check prints the seed of one that fails.
import type { Kv } from '@plumb/kv';
import { until } from '@plumb/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMortalKv, type MortalKv } from '../test/mortal-kv.ts';
import { APPLICATION, openRolloutWorld, type RolloutWorld } from '../test/rollout-world.ts';

const ROUNDS = Number(process.env['ROLLOUT_ROUNDS'] ?? 25);
const GATE = { query: 'errors', max: 1 };

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('start' as const), hasGate: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('widen' as const, 'revert' as const, 'set' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('join' as const, 'leave' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('gate' as const), value: fc.constantFrom(0, 2, undefined) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('kill' as const),
      writes: fc.integer({ min: 0, max: 3 }),
      isWritten: fc.boolean(),
      seconds: fc.integer({ min: 0, max: 6 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

test(
  'a rollout is old or new for each instance, wherever plumbd dies, and comes to one end for all',
  { timeout: 90_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        let mortal: MortalKv | undefined;
        const torn: unknown[] = [];
        await using world = await openRolloutWorld(12, {
          wrap(kv: Kv) {
            mortal = createMortalKv(kv);
            return mortal.kv;
          },
          onEvent(values) {
            if ((values.get('note') ?? 'old') !== values.get('title'))
              torn.push([values.get('title'), values.get('note')]);
          },
        });
        for (const [i, one] of steps.entries()) await take(one, i, world, () => mortal);
        world.gate = 0;
        await world.restart();
        await world.pass('no rollout runs', async () => {
          const { state = '', reason = '', id = '' } = (await world.latest()) ?? {};
          // Where all that had it have left, it waits for a person.
          if (reason.includes('that have it follows the feed')) await world.config().widenRollout({ id });
          return !['running', 'held'].includes(state);
        });
        const { values } = await world.config().snapshot({ application: APPLICATION });
        await until('all have the values in force', () =>
          world.fleet.instances.every((instance) => instance.values.get('title') === values['title']),
        );
        await until('it is proven', async () =>
          (await world.config().convergence({ application: APPLICATION })).instances.every((one) => one.isConverged),
        );
        for (const instance of world.fleet.instances) expect(Object.fromEntries(instance.values)).toEqual(values);
        expect(torn).toEqual([]);
      }),
      { numRuns: ROUNDS },
    );
  },
);

async function take(one: Step, i: number, world: RolloutWorld, mortal: () => MortalKv | undefined): Promise<void> {
  const value = `v${i}`;
  const changes = ['title', 'note'].map((key) => ({ key, value }));
  const id = (await world.latest())?.id ?? '';
  const attempt = async (work: Promise<unknown>): Promise<void> => void (await work.catch(() => undefined));
  switch (one.kind) {
    case 'start':
      // It ends by itself, so that the round can.
      return attempt(world.start({ changes, holdMs: 2_000, ...(one.hasGate && { gate: GATE }) }));
    case 'widen':
      return attempt(world.config().widenRollout({ id }));
    case 'revert':
      return attempt(world.config().revertRollout({ id }));
    case 'set':
      return attempt(world.config().change({ application: APPLICATION, changes }));
    case 'join':
      world.fleet.join(`late-${i}`);
      return;
    case 'leave':
      return world.fleet.instances[i % Math.max(1, world.fleet.instances.length)]?.leave();
    case 'pass':
      return world.clock.advance(one.seconds * 1_000);
    case 'gate':
      world.gate = one.value;
      return;
    case 'kill':
      mortal()?.killAt(one.writes, one.isWritten);
      await world.clock.advance(one.seconds * 1_000);
      return world.restart();
  }
}
