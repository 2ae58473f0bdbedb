import type { Channel } from './channel.ts';
import { copyPlain } from './copy-plain.ts';
import { closedByPeer, closedByThisSide, createInbox, type Inbox } from './inbox.ts';
import { plainMessage } from './shared-value.ts';

/**
 * Two channels joined within the process. Messages are copied when sent, so no object is shared, and arrive
 * in order in a later microtask, so nobody is called back from within `send`. Nothing is queued beyond that microtask.
 */
export function createChannelPair(): readonly [Channel, Channel] {
  const [left, right] = [createInbox(), createInbox()];
  return [createEnd(left, right), createEnd(right, left)];
}

function createEnd(own: Inbox, peer: Inbox): Channel {
  return {
    closed: own.closed,
    receive: own.receive,
    send(message) {
      if (own.closed.aborted) return;
      const copy = copyPlain(plainMessage(message));
      queueMicrotask(() => peer.deliver(copy));
    },
    close() {
      own.close(closedByThisSide());
      queueMicrotask(() => peer.close(closedByPeer()));
    },
  };
}
