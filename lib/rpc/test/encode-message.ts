import { CborBatch } from '@plumb/cbor';
import { addMessage } from '../src/add-message.ts';
import type { Message } from '../src/channel.ts';
import { MESSAGE_SIZE_BYTES_MAX } from '../src/limits.ts';

/** A message as it is sent over ZeroMQ, on its own. */
export function encodeMessage(message: Message): Buffer {
  const batch = new CborBatch({ head: Buffer.alloc(0), sizeBytesMax: MESSAGE_SIZE_BYTES_MAX });
  addMessage(batch, message);
  return batch.take();
}
