import { OperatingError } from '@plumb/base';
import type { Message } from './channel.ts';
import { INBOX_MESSAGES_MAX } from './limits.ts';

/** The receiving and closing half that every channel shares. */
export type Inbox = {
  readonly closed: AbortSignal;
  readonly receive: (onMessage: (message: Message) => void) => void;
  /** Hands a message to the receiver, or keeps it for the first one. Nothing is delivered after `close`. */
  readonly deliver: (message: Message) => void;
  /** Safe to repeat; the first reason stays. */
  readonly close: (reason: OperatingError) => void;
};

export function createInbox(): Inbox {
  const controller = new AbortController();
  let waiting: Message[] = [];
  let receiver: ((message: Message) => void) | undefined;
  const close = (reason: OperatingError): void => {
    waiting = [];
    controller.abort(reason);
  };
  return {
    closed: controller.signal,
    close,
    receive(onMessage) {
      receiver = onMessage;
      const early = waiting;
      waiting = [];
      for (const message of early) onMessage(message);
    },
    deliver(message) {
      if (controller.signal.aborted) return;
      if (receiver !== undefined) return receiver(message);
      waiting.push(message);
      if (waiting.length > INBOX_MESSAGES_MAX) {
        close(
          new OperatingError('exhausted', `more than ${INBOX_MESSAGES_MAX} messages came before anybody read them`),
        );
      }
    },
  };
}

/** The reason of a channel that its own side closed. */
export function closedByThisSide(): OperatingError {
  return new OperatingError('unavailable', 'it was closed in good order');
}

export function closedByPeer(): OperatingError {
  return new OperatingError('unavailable', 'the connection was closed by the other side');
}
