import { type Clock, type Random, randomInteger } from '@plumb/base';
import type { Channel, Message } from '../src/index.ts';

export type FaultyChannelOptions = {
  readonly clock: Clock;
  readonly random: Random;
  /** How often an answer is sent twice, and how often late, from 0 to 1. */
  readonly duplicates: number;
  readonly delays: number;
  readonly delayMsMax: number;
};

/**
 * A channel whose other side gets some answers twice, at once or later, and some late, after those of other calls; after
 * the end of some streams another item comes. What belongs to one call stays in order until its end.
 */
export function createFaultyChannel(channel: Channel, options: FaultyChannelOptions): Channel {
  const { clock, random, duplicates, delays, delayMsMax } = options;
  const later = (run: () => void): void => void clock.after(randomInteger(random, 0, delayMsMax), run);
  const repeat = (message: Message): void => {
    if (random.float() >= duplicates) return;
    const again = random.float() < 0.3 ? { kind: 'item', id: message['id'], value: 'from a ghost' } : message;
    if (random.float() < 0.5) channel.send(again);
    else later(() => channel.send(again));
  };
  return {
    ...channel,
    send(message, timing) {
      const { kind, id } = message;
      const isAnswer = kind === 'result' || kind === 'end' || (kind === 'error' && id !== undefined);
      if (!isAnswer || random.float() >= delays) {
        channel.send(message, timing);
        if (isAnswer) repeat(message);
        return;
      }
      later(() => {
        try {
          channel.send(message);
        } catch {
          // What cannot be sent is told to nobody here: the caller has its deadline.
        }
        repeat(message);
      });
    },
  };
}
