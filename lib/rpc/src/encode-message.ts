import { CborEncoder } from '@plumb/cbor';
import type { Message } from './channel.ts';
import { sharedValueOf } from './shared-value.ts';

const VALUE_KEY = new CborEncoder().encode('value');

/** A message as CBOR. A shared value is encoded once for all channels, and its bytes are put in as the last field. */
export function encodeMessage(encoder: CborEncoder, message: Message): Buffer {
  const shared = sharedValueOf(message);
  if (shared === undefined) return encoder.encode(message);
  const { value: _, ...rest } = message;
  const value = shared.cbor((plain) => encoder.encode(plain));
  const head = encoder.encode(rest);
  // The first byte has the count of the fields, of which a message has fewer than 23: here is one more.
  head[0] = (head[0] ?? 0) + 1;
  return Buffer.concat([head, VALUE_KEY, value]);
}
