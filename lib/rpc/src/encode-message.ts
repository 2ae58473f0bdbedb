import { CborEncoder } from '@plumb/cbor';
import type { Message } from './channel.ts';
import { SharedValue } from './shared-value.ts';

const VALUE_KEY = new CborEncoder().encode('value');

/** A message as CBOR. A shared value is encoded once for all channels, and its bytes are put in as the last field. */
export function encodeMessage(encoder: CborEncoder, message: Message): Buffer {
  if (!(message['value'] instanceof SharedValue)) return encoder.encode(message);
  const { value, ...rest } = message as { readonly value: SharedValue };
  const shared = value.cbor((plain) => encoder.encode(plain));
  const head = encoder.encode(rest);
  // The first byte has the count of the fields, of which a message has fewer than 23: here is one more.
  head[0] = (head[0] ?? 0) + 1;
  return Buffer.concat([head, VALUE_KEY, shared]);
}
