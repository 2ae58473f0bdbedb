/**
 * What a call answered, as JSON can carry it: the RPC knows more types than JSON. Big integers become text, bytes base64,
 * sets lists, maps objects (lists of pairs where a key is not text), errors their code and message.
 */
export function plainJson(value: unknown): unknown {
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return String(value);
  return typeof value === 'object' && value !== null ? plainObject(value) : value;
}

function plainObject(value: object): unknown {
  if (Array.isArray(value)) return value.map(plainJson);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Map) return plainMap(value);
  if (value instanceof Set) return [...value].map(plainJson);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>, plainJson);
  if (value instanceof Error) {
    const { code, details } = value as Error & { readonly code?: unknown; readonly details?: unknown };
    return plainJson({ code, message: value.message, details });
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plainJson(one)]));
}

function plainMap(map: ReadonlyMap<unknown, unknown>): unknown {
  const entries = [...map].map(([key, one]) => [key, plainJson(one)] as const);
  if (entries.every(([key]) => typeof key === 'string')) return Object.fromEntries(entries);
  return entries.map(([key, one]) => [plainJson(key), one]);
}
