/**
 * The part of a ZeroMQ connection that is the same on both sides once they know each other: messages in batches,
 * receipts, heartbeats, farewell. Invariant: at most `UNREAD_BYTES_MAX` are on their way to a peer that has not said it
 * read them, whatever ZeroMQ and the kernel would buffer. What is sent to a busy peer waits here, so that a great many
 * small frames do not fill the queues below.
 */
import { type Clock, describeError, errorToData, OperatingError } from '@plumb/base';
import { CborBatch, CborDecoder } from '@plumb/cbor';
import type { Channel, Liveness, Message } from './channel.ts';
import { addMessage } from './add-message.ts';
import {
  BATCH_BYTES_MAX,
  FRAME,
  FRAME_BYTES_MAX,
  frameOf,
  jsonFrame,
  readBye,
  readReceipt,
  receiptFrame,
} from './frame.ts';
import { closedByThisSide, createInbox } from './inbox.ts';
import type { Knock } from './knock.ts';
import { MESSAGE_SIZE_BYTES_MAX } from './limits.ts';
import { watchPeer } from './peer-watch.ts';
import { createFlushPlan, type SendTiming } from './turn.ts';
import { UnreadFrames } from './unread-frames.ts';

/** Bytes on their way to a peer that does not read; then its connection is closed. Eight of the greatest messages. */
export const UNREAD_BYTES_MAX = 8 * MESSAGE_SIZE_BYTES_MAX;

/**
 * Above this, a busy peer is sent no further call: the caller is told at once, and goes elsewhere. What belongs to calls
 * that run, such as their ends, is still sent, up to `UNREAD_BYTES_MAX`.
 */
export const BUSY_UNREAD_BYTES_MAX = 2 * MESSAGE_SIZE_BYTES_MAX;

/** Bytes read between two receipts: seldom enough to cost nothing, often enough that the sender's count stays true. */
const RECEIPT_EVERY_BYTES = 2 ** 20;

/**
 * Byte strings of so many bytes or more are views of the frame they came in: more than a socket reads at once, so that such
 * a frame has memory of its own.
 */
const VIEW_BYTES_MIN = 65_536;

export type FrameChannel = {
  readonly channel: Channel;
  /** A frame that came from the peer. It belongs to the channel: what is received may be views of it. */
  readonly onFrame: (frame: Buffer) => void;
  /** The connection below is gone: nothing more can be sent. */
  readonly onLoss: (reason: OperatingError) => void;
};

export type FrameChannelOptions = {
  readonly clock: Clock;
  /** The client's side, which pings, and knocks at the server when that does not answer. */
  readonly knock?: Knock | undefined;
};

/**
 * `write` must not block and not throw; whoever provides it reports what it cannot send by `onLoss`. A frame is written
 * over once the other side says that it has read it.
 */
export function createFrameChannel(
  write: (frame: Buffer) => void,
  { clock, knock }: FrameChannelOptions,
): FrameChannel {
  const inbox = createInbox();
  const decoder = new CborDecoder({ viewBytesMin: VIEW_BYTES_MIN });
  let unreceiptedBytes = 0;

  /** Tells the peer why, as far as it still listens. */
  const end = (reason: OperatingError): void => {
    if (inbox.closed.aborted) return;
    write(jsonFrame(FRAME.bye, errorToData(reason)));
    inbox.close(reason);
  };
  const receiveMessages = (frame: Buffer): void => {
    unreceiptedBytes += frame.length;
    if (unreceiptedBytes >= RECEIPT_EVERY_BYTES) {
      write(receiptFrame(unreceiptedBytes));
      unreceiptedBytes = 0;
    }
    for (const message of decoder.decodeSequence(frame, 1)) inbox.deliver(message as Message);
  };
  const client = knock && { ping: () => write(frameOf(FRAME.ping)), knock };
  const watch = watchPeer({ clock, client, dead: end });
  const outbox = createOutbox(write, { closed: inbox.closed, liveness: watch.liveness });
  watch.onLiveness(() => outbox.flush());
  inbox.closed.addEventListener('abort', () => watch[Symbol.dispose]());

  return {
    onLoss: inbox.close,
    onFrame(frame) {
      if (inbox.closed.aborted) return;
      watch.heard();
      try {
        const kind = frame[0];
        switch (kind) {
          case FRAME.messages:
            return receiveMessages(frame);
          case FRAME.receipt:
            return outbox.onReceipt(readReceipt(frame));
          case FRAME.ping:
            return write(frameOf(FRAME.pong));
          case FRAME.pong:
            return;
          case FRAME.bye:
            return inbox.close(endedByPeer(readBye(frame)));
          case undefined:
          default:
            throw new OperatingError('invalid', 'the kind of frame is not known');
        }
      } catch (error) {
        end(new OperatingError('invalid', `the protocol was broken: ${describeError(error)}`));
      }
    },
    channel: {
      closed: inbox.closed,
      receive: inbox.receive,
      liveness: watch.liveness,
      onLiveness: watch.onLiveness,
      send(message, timing = 'soon') {
        if (!inbox.closed.aborted) outbox.send(message, timing, end);
      },
      close() {
        outbox.flushAll();
        end(closedByThisSide());
      },
    },
  };
}

type Outbox = {
  readonly send: (message: Message, timing: SendTiming, end: (reason: OperatingError) => void) => void;
  /** Nothing to a busy peer, until there is enough for a frame. */
  readonly flush: () => void;
  readonly flushAll: () => void;
  readonly onReceipt: (sizeBytes: number) => void;
};

/** Encodes each message when it is sent, and sends those of one turn together. */
function createOutbox(
  write: (frame: Buffer) => void,
  { closed, liveness }: { readonly closed: AbortSignal; readonly liveness: () => Liveness },
): Outbox {
  const batch = new CborBatch({ head: Buffer.of(FRAME.messages), sizeBytesMax: FRAME_BYTES_MAX });
  const unread = new UnreadFrames((frame) => batch.reuse(frame));
  const flushAll = (): void => {
    if (batch.sizeBytes === 0 || closed.aborted) return;
    const frame = batch.take();
    unread.add(frame);
    write(frame);
  };
  const flush = (): void => {
    if (liveness() === 'alive') flushAll();
  };
  const refusalOf = (message: Message, { sizeBytes, waitingBytes }: Sizes): OperatingError | undefined => {
    if (sizeBytes > MESSAGE_SIZE_BYTES_MAX) return tooLarge(sizeBytes);
    const isOverdue = waitingBytes + sizeBytes > BUSY_UNREAD_BYTES_MAX && message['kind'] === 'call';
    if (!isOverdue || liveness() === 'alive') return undefined;
    return new OperatingError('exhausted', `the other side is busy, and ${waitingBytes} bytes wait for it`);
  };
  const planFlush = createFlushPlan(flush);
  return {
    flush,
    flushAll,
    send(message, timing, end) {
      const waitingBytes = unread.sizeBytes + batch.sizeBytes;
      const sizeBytes = addMessage(batch, message);
      const refusal = refusalOf(message, { sizeBytes, waitingBytes });
      if (refusal !== undefined) {
        batch.removeLast(sizeBytes);
        throw refusal;
      }
      if (waitingBytes + sizeBytes > UNREAD_BYTES_MAX) {
        batch.removeLast(sizeBytes);
        return end(new OperatingError('exhausted', `${waitingBytes} bytes were left unread`));
      }
      if (batch.sizeBytes >= BATCH_BYTES_MAX) flushAll();
      planFlush(timing);
    },
    onReceipt: (sizeBytes) => unread.take(sizeBytes),
  };
}

/** Of a message, and of those that wait before it. */
type Sizes = { readonly sizeBytes: number; readonly waitingBytes: number };

function tooLarge(sizeBytes: number): OperatingError {
  const advice = `at most ${MESSAGE_SIZE_BYTES_MAX} can be sent: ask for less at a time`;
  return new OperatingError('exhausted', `the message has ${sizeBytes} bytes, ${advice}`);
}

/** Every side words its reason as it sees it. */
function endedByPeer({ code, message }: OperatingError): OperatingError {
  return new OperatingError(code, `the other side ended the connection: ${message}`);
}
