/** Both directions of one channel: what this side calls, and what the other side calls here. */
import { errorFromData, errorToData, OperatingError } from '@plumb/base';
import type { Channel, Message } from './channel.ts';
import type { Caller } from './contract.ts';
import { IncomingCalls } from './incoming-calls.ts';
import { OfferedReferences } from './offered-references.ts';
import { OutgoingCalls } from './outgoing-calls.ts';
import { parseMessage } from './protocol.ts';
import type { ServeDependencies } from './served-call.ts';
import { withSharedTimer } from './shared-timer.ts';

/**
 * Serves `channel` until it closes, as `caller` is on its other side, and returns the calls that can be made on it. A
 * message that breaks the protocol ends the connection, with the reason as its last message.
 */
export function openSession(channel: Channel, caller: Caller, dependencies: ServeDependencies): OutgoingCalls {
  const offered = new OfferedReferences();
  const outgoing = new OutgoingCalls(channel, offered);
  const clock = withSharedTimer(dependencies.clock);
  const incoming = new IncomingCalls({ channel, caller, outgoing, offered }, { ...dependencies, clock });
  const refuse = (reason: string): void => {
    const error = new OperatingError('invalid', reason);
    channel.send({ kind: 'error', error: errorToData(error) });
    channel.close();
  };
  const receive = (raw: Message): void => {
    const message = parseMessage(raw);
    switch (message.kind) {
      case 'call':
        if (!incoming.start(message)) refuse(`call ${message.id} is still running: number calls anew`);
        return;
      case 'result':
      case 'end':
        return outgoing.onAnswer(message, message.id);
      case 'item':
        return outgoing.onItem(message.id, message.value, message.cost ?? 1);
      case 'cancel':
        return incoming.cancel(message.id);
      case 'credit':
        return incoming.addCredit(message.id, message.count);
      case 'release':
        return offered.release(message.id, message.ref);
      case 'error':
        if (message.id !== undefined) return outgoing.onAnswer(message, message.id);
        outgoing.failAll(errorFromData(message.error));
        return channel.close();
      case 'malformed':
        return refuse(`the message cannot be read: ${message.reason}`);
    }
  };
  channel.closed.addEventListener('abort', () => {
    outgoing.failAll(channel.closed.reason);
    incoming.lose(channel.closed.reason);
  });
  channel.receive(receive);
  return outgoing;
}
