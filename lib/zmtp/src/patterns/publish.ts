/** PUB and XPUB (RFC 29): a message goes to each peer that asked for how it begins, and is dropped for one that is full. */
import { OperatingError } from '@plumb/base';
import type { Pipe } from '../pipe.ts';
import { PrefixIndex } from '../prefix-index.ts';
import type { Pattern } from './pattern.ts';

/** A topic is a name. Each length that is in use costs a look-up for each message, so this also bounds its cost. */
export const TOPIC_BYTES_MAX = 1_024;

export type PublishOptions = {
  readonly isExtended: boolean;
  readonly verbose: boolean;
  readonly subscriptionsMax: number;
  /** XPUB hands subscriptions to its receiver. */
  readonly deliver: (pipe: Pipe, parts: Buffer[]) => void;
  readonly onDrop: () => void;
};

export function publishPattern({ isExtended, verbose, subscriptionsMax, deliver, onDrop }: PublishOptions): Pattern {
  const index = new PrefixIndex<Pipe>();
  const topicsOf = new Map<Pipe, Set<string>>();
  let stamp = 0;

  const onSubscription = (pipe: Pipe, isWanted: boolean, topic: Buffer): void => {
    const topics = topicsOf.get(pipe);
    if (topics === undefined) return;
    const prefix = topic.toString('latin1');
    if (isWanted && (topics.size >= subscriptionsMax || topic.length > TOPIC_BYTES_MAX)) {
      throw new OperatingError('exhausted', `a peer may have ${subscriptionsMax} topics of ${TOPIC_BYTES_MAX} bytes`);
    }
    if (isWanted) topics.add(prefix);
    else topics.delete(prefix);
    const isChange = isWanted ? index.add(prefix, pipe) : index.delete(prefix, pipe);
    if (isExtended && (isChange || (verbose && isWanted))) deliver(pipe, [subscriptionMessage(isWanted, topic)]);
  };

  let current: readonly Uint8Array[] = [];
  const offer = (pipe: Pipe): void => {
    if (pipe.stamp === stamp) return;
    pipe.stamp = stamp;
    if (!pipe.trySend(current)) onDrop();
  };

  return {
    queuesEarly: false,
    canReceive: isExtended,
    attach: (pipe) => void topicsOf.set(pipe, new Set()),
    detach(pipe) {
      const topics = topicsOf.get(pipe) ?? [];
      topicsOf.delete(pipe);
      for (const prefix of topics) {
        if (index.delete(prefix, pipe) && isExtended) {
          deliver(pipe, [subscriptionMessage(false, Buffer.from(prefix, 'latin1'))]);
        }
      }
    },
    accept(pipe, parts) {
      const [first] = parts;
      if (parts.length === 1 && first !== undefined && isSubscription(first)) {
        onSubscription(pipe, first[0] === 1, first.subarray(1));
        return undefined;
      }
      return isExtended ? parts : undefined;
    },
    onSubscription,
    send(parts) {
      const [topic] = parts;
      if (topic === undefined) throw new OperatingError('invalid', 'a message has at least one part, its topic');
      stamp += 1;
      current = parts;
      index.match(Buffer.from(topic.buffer, topic.byteOffset, topic.length), offer);
      return 'sent';
    },
  };
}

/** How ZMTP 3.0, XSUB and XPUB write a subscription: a byte, 1 to ask and 0 to cancel, then the topic. */
export function subscriptionMessage(isWanted: boolean, topic: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(isWanted ? 1 : 0), topic]);
}

export function isSubscription(part: Uint8Array): boolean {
  return part[0] === 0 || part[0] === 1;
}
