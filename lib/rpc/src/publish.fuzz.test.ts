// Goal: whatever is published and however readers come, go, stop reading, lose items and lines, fall behind the log, and
// see the publisher begin anew: each is told every change under its prefixes once and in order, or that it missed some;
// its state is at every moment that of the publisher at one change; and in the end it has what the publisher has.
// Method: random steps against a list of all changes, with bounds so small that each is met often.
import { OperatingError, seededRandom } from '@plumb/base';
import { createFakeClock, type FakeClock } from '@plumb/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FeedItem, FeedPosition, FeedRequest } from './feed-item.ts';
import type { Change, Missed } from './feed-replica.ts';
import { MARK_EVERY_MS } from './publish-limits.ts';
import { createPublisher, type Publisher } from './publisher.ts';
import { plainValue } from './shared-value.ts';
import { subscribe, type Subscription } from './subscription.ts';

const TOPICS = ['a', 'a/1', 'a/2', 'b/1', 'b/2', 'c'];
const PREFIXES = [[''], ['a'], ['a/', 'c'], ['b/']];
const READERS = 4;

type Step =
  | { readonly do: 'publish' | 'remove' | 'event'; readonly topic: string }
  | { readonly do: 'join'; readonly prefixes: readonly string[] }
  | { readonly do: 'leave' | 'cut' | 'lose' | 'pause' | 'resume'; readonly reader: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'restart' };

const topicStep = fc.record({
  do: fc.constantFrom('publish' as const, 'publish' as const, 'remove' as const, 'event' as const),
  topic: fc.constantFrom(...TOPICS),
});
const readerStep = fc.record({
  do: fc.constantFrom('leave' as const, 'cut' as const, 'lose' as const, 'pause' as const, 'resume' as const),
  reader: fc.nat(READERS - 1),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: topicStep },
  { weight: 4, arbitrary: readerStep },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 60, 300) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('join' as const), prefixes: fc.constantFrom(...PREFIXES) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
);

class World {
  readonly clock: FakeClock = createFakeClock();
  readonly readers: Reader[] = [];
  /** All changes of each epoch; the change with number 1 is the first. */
  readonly histories = new Map<string, Change<number>[]>();
  publisher: Publisher<number>;
  #lastValue = 0;

  constructor() {
    this.publisher = this.#begin();
  }

  #begin(): Publisher<number> {
    const epoch = `epoch ${this.histories.size}`;
    this.histories.set(epoch, []);
    const limits = { logEntriesMax: 6, batchEntriesMax: 2, stateBytesMax: 60 };
    return createPublisher<number>({ clock: this.clock, epoch, limits });
  }

  restart(): void {
    this.publisher[Symbol.dispose]();
    this.publisher = this.#begin();
  }

  change(kind: 'publish' | 'remove' | 'event', topic: string): void {
    const history = this.histories.get(this.publisher.stats().epoch) ?? [];
    if (kind === 'remove') {
      if (this.publisher.remove(topic) !== undefined) history.push({ kind: 'removed', topic, value: undefined });
      return;
    }
    this.#lastValue += 1;
    this.publisher[kind](topic, this.#lastValue);
    history.push({ kind: kind === 'publish' ? 'value' : 'event', topic, value: this.#lastValue });
    expect(this.publisher.stats().seq).toBe(history.length);
  }

  stateAt(epoch: string, seq: number, prefixes: readonly string[]): Record<string, number> {
    const state: Record<string, number> = {};
    for (const { kind, topic, value } of this.changesBetween(epoch, 0, seq, prefixes)) {
      if (kind === 'removed') delete state[topic];
      else if (kind === 'value') state[topic] = value;
    }
    return state;
  }

  changesBetween(epoch: string, after: number, upTo: number, prefixes: readonly string[]): Change<number>[] {
    const history = this.histories.get(epoch) ?? [];
    return history.slice(after, upTo).filter(({ topic }) => prefixes.some((prefix) => topic.startsWith(prefix)));
  }
}

/** A reader behind a line that can be cut and can lose an item, which checks all that it is told. */
class Reader {
  readonly #world: World;
  readonly prefixes: readonly string[];
  readonly subscription: Subscription<number>;
  #told: FeedPosition | undefined;
  #line = new AbortController();
  #isLosing = false;
  #pause: PromiseWithResolvers<void> | undefined;
  readonly faults: unknown[] = [];

  constructor(world: World, prefixes: readonly string[], seed: number) {
    this.#world = world;
    this.prefixes = prefixes;
    this.subscription = subscribe<number>(
      {
        open: (request, { signal }) => this.#open(request, signal),
        prefixes,
        clock: world.clock,
        random: seededRandom(seed),
      },
      {
        onSnapshot: ({ missed }) => {
          this.#checkMissed(missed);
          this.#checkState();
          return this.#pause?.promise;
        },
        onChange: (changes) => {
          this.#checkChanges(changes);
          this.#checkState();
          return this.#pause?.promise;
        },
      },
    );
    this.subscription.ended.catch((error: unknown) => this.faults.push(error));
  }

  cut(): void {
    this.#line.abort();
  }

  lose(): void {
    this.#isLosing = true;
  }

  pause(): void {
    this.#pause ??= Promise.withResolvers();
  }

  resume(): void {
    this.#pause?.resolve();
    this.#pause = undefined;
  }

  async *#open(request: FeedRequest, signal: AbortSignal): AsyncGenerator<FeedItem<number>> {
    this.#line = new AbortController();
    const ends = AbortSignal.any([signal, this.#line.signal]);
    for await (const item of this.#world.publisher.feed(request, { signal: ends })) {
      if (this.#isLosing) this.#isLosing = false;
      else yield plainValue<FeedItem<number>>(item);
    }
    throw new OperatingError('unavailable', 'the line was cut');
  }

  #position(): FeedPosition {
    const position = this.subscription.position();
    if (position === undefined) throw new Error('a handler is called after the first state');
    return position;
  }

  #checkMissed(missed: Missed | undefined): void {
    const [told, position] = [this.#told, this.#position()];
    this.#told = position;
    if (told === undefined) return expect(missed).toBeUndefined();
    if (missed === undefined) return this.#checkNothingBetween(told, position);
    expect(missed.upTo).toBe(told.epoch === position.epoch ? position.seq : undefined);
    // A mark, of which no handler is told, may have moved it over changes that are for others.
    this.#checkNothingBetween(told, { epoch: missed.epoch, seq: missed.after });
  }

  #checkNothingBetween(told: FeedPosition, { epoch, seq }: FeedPosition): void {
    expect(told.epoch).toBe(epoch);
    expect(this.#world.changesBetween(epoch, told.seq, seq, this.prefixes)).toEqual([]);
  }

  #checkChanges(changes: readonly Change<number>[]): void {
    const { epoch, seq } = this.#position();
    expect(changes).toEqual(this.#world.changesBetween(epoch, this.#told?.seq ?? 0, seq, this.prefixes));
    expect(this.#told?.epoch).toBe(epoch);
    this.#told = { epoch, seq };
  }

  #checkState(): void {
    const { epoch, seq } = this.#position();
    expect(Object.fromEntries(this.subscription.state)).toEqual(this.#world.stateAt(epoch, seq, this.prefixes));
  }

  /** Nothing that was for it lies between what it was told and where the publisher is. */
  checkEnd(): void {
    const { epoch, seq } = this.#world.publisher.stats();
    const state = this.#world.stateAt(epoch, seq, this.prefixes);
    expect(Object.fromEntries(this.subscription.state)).toEqual(state);
    this.#checkNothingBetween(this.#told ?? { epoch, seq: 0 }, { epoch, seq });
    expect(this.faults).toEqual([]);
  }
}

async function run(world: World, steps: readonly Step[]): Promise<void> {
  for (const [i, step] of steps.entries()) {
    switch (step.do) {
      case 'publish':
      case 'remove':
      case 'event':
        world.change(step.do, step.topic);
        break;
      case 'join':
        if (world.readers.length < READERS) world.readers.push(new Reader(world, step.prefixes, i));
        break;
      case 'leave':
        for (const reader of world.readers.splice(step.reader, 1)) reader.subscription[Symbol.dispose]();
        break;
      case 'cut':
      case 'lose':
      case 'pause':
      case 'resume':
        world.readers[step.reader]?.[step.do]();
        break;
      case 'wait':
        await world.clock.advance(step.ms);
        break;
      case 'restart':
        world.restart();
    }
    const { sharedBytes, logEntries } = world.publisher.stats();
    expect(logEntries).toBeLessThanOrEqual(6);
    // A batch for each place in the log, for each group of readers, and the states.
    expect(sharedBytes).toBeLessThan(4 * 10 * 300 + 4 * 60);
  }
}

test('every reader is told each change once and in order, or that it missed some, and ends with what there is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120, size: 'max' }), async (steps) => {
      const world = new World();
      world.readers.push(new Reader(world, [''], 1), new Reader(world, ['a'], 2));
      await run(world, steps);
      for (const reader of world.readers) reader.resume();
      // Long enough for a lost last item to be noticed, and for a feed to be opened again.
      await world.clock.advance(4 * MARK_EVERY_MS);
      for (const reader of world.readers) reader.checkEnd();
      for (const { subscription } of world.readers) subscription[Symbol.dispose]();
      await world.clock.advance(1);
      const { feedCount, sharedBytes } = world.publisher.stats();
      expect({ feedCount, sharedBytes }).toEqual({ feedCount: 0, sharedBytes: 0 });
    }),
  );
});
