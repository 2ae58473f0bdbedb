/** Operations as tests write them. */
import type { Operation } from '@plumb/kv';

export function put(key: string, text: string): Operation {
  return { kind: 'put', key, value: bytes(text) };
}

export function leased(key: string, leaseId: string): Operation {
  return { kind: 'put', key, value: bytes(key), leaseId };
}

export function remove(key: string): Operation {
  return { kind: 'delete', key };
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
