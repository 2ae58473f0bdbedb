import { OperatingError } from '@plumb/base';
import type { Channel, Message } from './channel.ts';
import { closedByPeer, closedByThisSide, createInbox } from './inbox.ts';
import { fromPort, toPort } from './port-message.ts';
import { plainMessage } from './shared-value.ts';

/** What is asked of a port: those of browsers and of `node:worker_threads` have it. */
export type MessagePortLike = {
  readonly postMessage: (message: unknown) => void;
  readonly addEventListener: (
    type: 'message' | 'messageerror' | 'close',
    listener: (event: { readonly data?: unknown }) => void,
  ) => void;
  readonly start: () => void;
  readonly close: () => void;
};

/** Messages that the other thread has not said it read. A thread that is this far behind is stuck, not busy. */
const UNREAD_MESSAGES_MAX = 65_536;

/** Messages read between two receipts. */
const RECEIPT_EVERY_MESSAGES = 256;

/**
 * A channel over one end of a `MessageChannel`, which it then owns. On the port, a message of RPC
 * is an object, or a list where it has errors in it; a receipt is a number: how many more were read.
 */
export function createMessagePortChannel(port: MessagePortLike): Channel {
  const inbox = createInbox();
  let unreadCount = 0;
  let unreceiptedCount = 0;

  const end = (reason: OperatingError): void => {
    inbox.close(reason);
    port.close();
  };
  port.addEventListener('message', ({ data }) => {
    if (typeof data === 'number') {
      unreadCount -= data;
      return;
    }
    unreceiptedCount += 1;
    if (unreceiptedCount === RECEIPT_EVERY_MESSAGES) {
      port.postMessage(unreceiptedCount);
      unreceiptedCount = 0;
    }
    inbox.deliver(fromPort(data) as Message);
  });
  port.addEventListener('messageerror', () => end(new OperatingError('invalid', 'a message could not be read')));
  port.addEventListener('close', () => inbox.close(closedByPeer()));
  inbox.closed.addEventListener('abort', () => port.close());
  port.start();

  return {
    closed: inbox.closed,
    receive: inbox.receive,
    close: () => end(closedByThisSide()),
    send(message) {
      if (inbox.closed.aborted) return;
      if (unreadCount >= UNREAD_MESSAGES_MAX) {
        return end(new OperatingError('exhausted', `${unreadCount} messages were left unread`));
      }
      port.postMessage(toPort(plainMessage(message)));
      unreadCount += 1;
    },
  };
}
