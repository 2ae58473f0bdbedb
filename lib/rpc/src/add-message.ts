import { type CborBatch, CborEncoder } from '@plumb/cbor';
import type { Message } from './channel.ts';
import { sharedValueOf } from './shared-value.ts';

/**
 * Adds a message, and returns the bytes it takes. A shared value is encoded once for all channels, and its bytes are put in
 * as the last field.
 * @throws OperatingError `invalid` where a value has no plain form. The batch is then what it was.
 */
export function addMessage(batch: CborBatch, message: Message): number {
  const shared = sharedValueOf(message);
  if (shared === undefined) return batch.add(message);
  const { value: _, ...rest } = message;
  return batch.addWith(rest, 'value', shared.cbor(encodeShared));
}

/** Seldom, so it need not keep a buffer. */
function encodeShared(value: unknown): Buffer {
  return new CborEncoder().encode(value);
}
