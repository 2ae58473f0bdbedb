// Goal: readers that join at any time while much is published miss nothing and get nothing twice. Method: each topic's
// value counts its changes, so a reader sees at once that one is missing or repeated; every item crosses the encodings
// of ZeroMQ. `npm run test:soak` has 1,000 joiners over 1,000,000 changes.
import { OperatingError, seededRandom } from '@plumb/base';
import { CborDecoder } from '@plumb/cbor';
import { expect, test } from 'vitest';
import { createPublisher, type FeedItem, type FeedRequest, subscribe, type Subscription } from '../src/index.ts';
import { encodeMessage } from './encode-message.ts';

const IS_SOAK = process.env['FUZZ_SECONDS'] !== undefined;
const JOINERS = IS_SOAK ? 1_000 : 150;
const CHANGES = IS_SOAK ? 1_000_000 : 150_000;
const GROUPS = 50;
const TOPICS_PER_GROUP = 10;
const TURN_CHANGES = 1_000;
/** A million changes take 20 s where nothing else runs. */
const TIMEOUT_MS = IS_SOAK ? 600_000 : 60_000;

type Joiner = { readonly subscription: Subscription<number>; readonly group: number; deliveredCount: number };

test(
  `${JOINERS} readers that join while ${CHANGES} changes are published miss none and get none twice`,
  async () => {
    const random = seededRandom(7);
    const publisher = createPublisher<number>();
    const counts = new Map<string, number>();
    const joiners: Joiner[] = [];
    const faults: unknown[] = [];

    const join = (group: number): void => {
      const decoder = new CborDecoder();
      const known = new Map<string, number>();
      async function* open(
        request: FeedRequest,
        options: { readonly signal: AbortSignal },
      ): AsyncGenerator<FeedItem<number>> {
        for await (const value of publisher.feed(request, options)) {
          const bytes = encodeMessage({ kind: 'item', id: 1, value });
          yield (decoder.decode(bytes) as { readonly value: FeedItem<number> }).value;
        }
        throw new OperatingError('unavailable', 'the feed ended');
      }
      const joiner = {
        group,
        deliveredCount: 0,
        subscription: subscribe<number>(
          { open, prefixes: [`group ${group}/`] },
          {
            onSnapshot: ({ state, missed }) => {
              if (missed !== undefined) faults.push(missed);
              for (const [topic, count] of state) known.set(topic, count);
            },
            onChange: (changes) => {
              for (const { topic, value = 0 } of changes) {
                if (value !== (known.get(topic) ?? 0) + 1) faults.push({ topic, value, after: known.get(topic) });
                known.set(topic, value);
              }
              joiner.deliveredCount += changes.length;
            },
          },
        ),
      };
      joiners.push(joiner);
    };

    for (let changeCount = 0; changeCount < CHANGES;) {
      for (let i = 0; i < TURN_CHANGES; i += 1, changeCount += 1) {
        const topic = `group ${changeCount % GROUPS}/${Math.floor(random.float() * TOPICS_PER_GROUP)}`;
        counts.set(topic, (counts.get(topic) ?? 0) + 1);
        publisher.publish(topic, counts.get(topic) ?? 0);
      }
      while (joiners.length < (changeCount / CHANGES) * JOINERS) join(Math.floor(random.float() * GROUPS));
      await new Promise((resolve) => setImmediate(resolve));
    }

    await Promise.all(joiners.map(({ subscription }) => subscription.caughtUp));
    const seqOf = (joiner: Joiner): number => joiner.subscription.position()?.seq ?? 0;
    while (joiners.some((joiner) => seqOf(joiner) < CHANGES - GROUPS))
      await new Promise((resolve) => setImmediate(resolve));
    expect(faults).toEqual([]);
    for (const { subscription, group } of joiners) {
      const expected = [...counts].filter(([topic]) => topic.startsWith(`group ${group}/`));
      expect(new Map(subscription.state)).toEqual(new Map(expected));
      subscription[Symbol.dispose]();
    }
    const delivered = joiners.reduce((sum, { deliveredCount }) => sum + deliveredCount, 0);
    expect(delivered).toBeGreaterThan((JOINERS * CHANGES) / GROUPS / 4);
  },
  TIMEOUT_MS,
);
