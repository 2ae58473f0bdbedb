/** SUB and XSUB (RFC 29): asks every publisher for the topics wanted, on each connection anew. */
import { OperatingError } from '@plumb/base';
import { encodeCommand } from '../command.ts';
import type { Pipe } from '../pipe.ts';
import { PrefixIndex } from '../prefix-index.ts';
import type { Pattern } from './pattern.ts';
import { isSubscription, subscriptionMessage, TOPIC_BYTES_MAX } from './publish.ts';

/** Each is told to every publisher at every connection. */
const TOPICS_MAX = 65_536;

export function subscribePattern({ isExtended }: { isExtended: boolean }): Pattern {
  /** How often each topic was asked for: it is cancelled as often before it ends. */
  const counts = new Map<string, number>();
  const index = new PrefixIndex<true>();
  const pipes = new Set<Pipe>();

  const tell = (pipe: Pipe, isWanted: boolean, prefix: string): void => {
    const topic = Buffer.from(prefix, 'latin1');
    const hasCommands = pipe.carrier?.session.hasCommands === true;
    if (hasCommands) pipe.sendCommand(encodeCommand(isWanted ? 'SUBSCRIBE' : 'CANCEL', topic));
    else pipe.trySend([subscriptionMessage(isWanted, topic)]);
  };

  const subscribe = (topic: Buffer, isWanted: boolean): void => {
    const prefix = topic.toString('latin1');
    const count = (counts.get(prefix) ?? 0) + (isWanted ? 1 : -1);
    if (count < 0) return;
    if (topic.length > TOPIC_BYTES_MAX || (count === 1 && isWanted && counts.size >= TOPICS_MAX)) {
      throw new OperatingError('exhausted', `a socket has at most ${TOPICS_MAX} topics of ${TOPIC_BYTES_MAX} bytes`);
    }
    if (count === 0) counts.delete(prefix);
    else counts.set(prefix, count);
    const isChange = isWanted ? index.add(prefix, true) : count === 0 && index.delete(prefix, true);
    if (isChange) for (const pipe of pipes) tell(pipe, isWanted, prefix);
  };

  return {
    queuesEarly: false,
    canReceive: true,
    attach(pipe) {
      pipes.add(pipe);
      for (const prefix of counts.keys()) tell(pipe, true, prefix);
    },
    detach: (pipe) => void pipes.delete(pipe),
    accept(_pipe, parts) {
      // What was cancelled may still be on its way.
      let isWanted = isExtended;
      if (!isExtended) index.match(parts[0] as Buffer, () => (isWanted = true));
      return isWanted ? parts : undefined;
    },
    subscribe,
    send(parts) {
      const [first] = parts;
      if (!isExtended) throw new OperatingError('invalid', 'a socket of type SUB does not send: use XSUB');
      if (first !== undefined && parts.length === 1 && isSubscription(first)) {
        subscribe(Buffer.from(first.subarray(1)), first[0] === 1);
        return 'sent';
      }
      let hasGone = false;
      for (const pipe of pipes) hasGone = pipe.trySend(parts) || hasGone;
      return hasGone ? 'sent' : 'dropped';
    },
  };
}
