// Goal: no instance is listed after its time, and none that lives is taken out, whatever comes when: registrations by
// itself and by others, connections that are lost and come back, keep-alives, clocks that are set, a store that refuses
// for a while, and restarts. Method: random histories against a model that knows only deadlines.
import { OperatingError } from '@plumb/base';
import { type Kv, openMemoryKv } from '@plumb/kv';
import { createFakeClock, type FakeClock } from '@plumb/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { declare } from '../test/declare.ts';
import { ADDRESS, idsOf, openWorld, type World } from '../test/registry-world.ts';
import type { Instance, RegistryClient } from './index.ts';
import { TIE_GRACE_MS } from './instance-handlers.ts';
import { RECOVERY_MS } from './instance-lives.ts';

const TTL_MS = 3_000;
/** How late an end may be seen: sweeps are at least 100 ms apart, a second after a refusal. */
const LATE_MS = 1_100;

const id = fc.constantFrom('a', 'b', 'c');
const step = fc.oneof(
  fc.record({ kind: fc.constant('join' as const), id }),
  fc.record({ kind: fc.constant('register' as const), id }),
  fc.record({ kind: fc.constant('keepAlive' as const), id }),
  fc.record({ kind: fc.constant('lose' as const), id }),
  fc.record({ kind: fc.constant('leave' as const), id }),
  fc.record({ kind: fc.constant('deregister' as const), id }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 50, max: 4_000 }) }),
  fc.record({ kind: fc.constant('jump' as const), ms: fc.integer({ min: -86_400_000, max: 86_400_000 }) }),
  fc.record({ kind: fc.constant('refuse' as const), isFull: fc.boolean() }),
  fc.record({ kind: fc.constant('restart' as const) }),
);

type Claims = { own: number; other: number; hasLeft: boolean };
const NEVER = -Infinity;

class Model {
  readonly claims = new Map<string, Claims>();

  of(name: string): Claims {
    const claims = this.claims.get(name) ?? { own: NEVER, other: NEVER, hasLeft: false };
    this.claims.set(name, claims);
    return claims;
  }

  /** Those that must be listed at `nowMs`, and those that may be. */
  listed(nowMs: number): { readonly must: string[]; readonly may: string[] } {
    const until = ({ own, other, hasLeft }: Claims): number => (hasLeft ? NEVER : Math.max(own, other));
    const all = [...this.claims];
    return {
      must: all.filter(([, claims]) => until(claims) > nowMs).map(([name]) => name),
      may: all.filter(([, claims]) => until(claims) > nowMs - LATE_MS).map(([name]) => name),
    };
  }
}

/** The world with a store that can be full, and the connections of those who joined. */
class Scene {
  readonly model = new Model();
  readonly ties = new Map<string, RegistryClient & Disposable>();
  isFull = false;
  world!: World;
  readonly #kv: Kv;
  readonly clock: FakeClock;

  constructor(kv: Kv, clock: FakeClock) {
    this.#kv = {
      ...kv,
      transact: async (...words) => {
        if (this.isFull) throw new OperatingError('exhausted', 'the disk is full');
        return kv.transact(...words);
      },
    };
    this.clock = clock;
  }

  async open(): Promise<void> {
    this.world = await openWorld({ kv: this.#kv, clock: this.clock });
  }

  get nowMs(): number {
    return this.clock.monotonicMs();
  }
}

async function apply(scene: Scene, given: typeof step extends fc.Arbitrary<infer S> ? S : never): Promise<void> {
  const { world, model, ties, clock } = scene;
  const registration = { service: 'shop-web', ...ADDRESS };
  switch (given.kind) {
    case 'join': {
      const client = world.as('shop', given.id);
      const stream = client.join({ ...registration, instanceId: given.id })[Symbol.asyncIterator]();
      const isJoined = await stream.next().then(
        () => true,
        () => false,
      );
      if (!isJoined) return client[Symbol.dispose]();
      ties.get(given.id)?.[Symbol.dispose]();
      ties.set(given.id, client);
      Object.assign(model.of(given.id), { own: Infinity, hasLeft: false });
      return;
    }
    case 'register': {
      const input = { ...registration, instanceId: given.id, ttlMs: TTL_MS };
      const isDone = await world.registry.register(input).then(
        () => true,
        () => false,
      );
      if (!isDone) return;
      const claims = model.of(given.id);
      // Nobody vouched for it any more, so it is a new one.
      if (Math.max(claims.own, claims.other) <= scene.nowMs) claims.hasLeft = false;
      claims.other = scene.nowMs + TTL_MS;
      return;
    }
    case 'keepAlive': {
      const claims = model.of(given.id);
      const hasOther = claims.other > scene.nowMs;
      const isDone = await world.registry.keepAlive({ instanceId: given.id }).then(
        () => true,
        () => false,
      );
      if (isDone && hasOther) claims.other = scene.nowMs + TTL_MS;
      return;
    }
    case 'lose': {
      const tie = ties.get(given.id);
      if (tie === undefined) return;
      ties.delete(given.id);
      tie[Symbol.dispose]();
      await clock.advance(0);
      const claims = model.of(given.id);
      if (claims.own === Infinity) claims.own = scene.nowMs + TIE_GRACE_MS;
      return;
    }
    case 'leave': {
      const tie = ties.get(given.id);
      if (tie === undefined || scene.isFull) return;
      await tie.deregister({ instanceId: given.id });
      ties.delete(given.id);
      tie[Symbol.dispose]();
      const claims = model.of(given.id);
      claims.own = NEVER;
      claims.hasLeft = claims.other > scene.nowMs;
      return;
    }
    case 'deregister': {
      const isDone = await world.registry.deregister({ instanceId: given.id }).then(
        () => true,
        () => false,
      );
      if (isDone) Object.assign(model.of(given.id), { own: NEVER, other: NEVER, hasLeft: false });
      return;
    }
    case 'pass':
      return clock.advance(given.ms);
    case 'jump':
      return clock.jump(given.ms);
    case 'refuse':
      scene.isFull = given.isFull;
      return;
    case 'restart':
      return restart(scene);
  }
}

/**
 * All connections are lost, and those who were listed have a new chance: those who live, and those whose end a full store
 * was not told of, if it was not told in time now.
 */
async function restart(scene: Scene): Promise<void> {
  const { model, ties } = scene;
  scene.isFull = false;
  const before = await keepersOf(scene);
  ties.clear();
  await scene.world[Symbol.asyncDispose]();
  await scene.open();
  const after = await keepersOf(scene);
  for (const [name, claims] of model.claims) {
    const isAlive = Math.max(claims.own, claims.other) > scene.nowMs;
    const keeper = (isAlive ? before : after).get(name);
    const until = keeper === undefined ? NEVER : scene.nowMs + RECOVERY_MS;
    const isOwn = keeper === 'connection';
    Object.assign(claims, { own: isOwn ? until : NEVER, other: isOwn ? NEVER : until, hasLeft: false });
  }
}

async function keepersOf({ world }: Scene): Promise<Map<string, Instance['keptBy']>> {
  const { instances } = await world.registry.resolve({ service: 'shop-web', includeUnready: true });
  return new Map(instances.map(({ id: name, keptBy }) => [name, keptBy]));
}

async function check(scene: Scene): Promise<void> {
  // What a full store keeps listed too long is gone when it takes writes again.
  const listed = await idsOf(scene.world.registry);
  const { must, may } = scene.model.listed(scene.nowMs);
  expect(listed).toEqual(expect.arrayContaining(must.toSorted()));
  if (!scene.isFull) expect(may).toEqual(expect.arrayContaining(listed));
}

test('nobody is listed after their time, and nobody who lives is taken out', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 40, size: 'max' }), async (steps) => {
      const clock = createFakeClock();
      await using kv = await openMemoryKv({ clock });
      const scene = new Scene(kv, clock);
      await scene.open();
      await declare(scene.world, 'shop', { web: [] });
      let wasFull = false;
      for (const given of steps) {
        await apply(scene, given);
        if (wasFull && !scene.isFull) await clock.advance(LATE_MS);
        wasFull = scene.isFull;
        await check(scene);
      }
      await scene.world[Symbol.asyncDispose]();
    }),
    { numRuns: Number(process.env['FUZZ_SECONDS'] ?? 0) > 0 ? 10_000 : 60 },
  );
});
