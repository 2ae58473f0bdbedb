/**
 * The messages of RPC: plain data, the same over every channel. The caller numbers its calls; everything about a call
 * carries its number. A channel exists only between sides that speak the same `PROTOCOL_VERSION`, which its opening
 * agrees on, so the messages do not repeat it.
 *
 *   caller -> service   call (with `credit`: a stream may answer it), cancel, credit
 *   service -> caller   result | error, or for a stream: item… then end | error
 *
 * `error` without an id is about the connection and is the last message on it.
 */
import type { ErrorData } from '@plumb/base';
import { METHOD_NAME_LENGTH_MAX, STREAM_CREDIT_ITEMS_MAX } from './limits.ts';

export const PROTOCOL_VERSION = 1;

export type CallMessage = {
  readonly kind: 'call';
  readonly id: number;
  /** `service.method`. */
  readonly method: string;
  readonly input?: unknown;
  /** What is left of the caller's deadline, for the answer or the first item. Lengths travel rather than times, so clocks need not agree. */
  readonly deadlineMs?: number | undefined;
  /** Items that may be sent at once. Present where the caller reads a stream, or does not know whether there is one. */
  readonly credit?: number | undefined;
  /** An item takes one credit for each so many bytes that it begins. Without it, every item takes one. */
  readonly pieceBytes?: number | undefined;
};

export type ClientMessage =
  | CallMessage
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'credit'; readonly id: number; readonly count: number };

export type ServerMessage =
  | { readonly kind: 'result'; readonly id: number; readonly value?: unknown }
  /** `cost` is how many credits it took, which the reader gives back; one where it is left out. */
  | { readonly kind: 'item'; readonly id: number; readonly value?: unknown; readonly cost?: number | undefined }
  | { readonly kind: 'error'; readonly id?: number | undefined; readonly error: ErrorData }
  | { readonly kind: 'end'; readonly id: number };

/** A message that cannot be read: why, and which call it is about where that much is certain. */
export type Malformed = { readonly kind: 'malformed'; readonly reason: string; readonly id?: number | undefined };

export function parseClientMessage(message: unknown): ClientMessage | Malformed {
  const fields = asFields(message);
  if (fields === undefined) return malformed('a message must be an object');
  const { kind, id } = fields;
  if (!isCallId(id)) return malformed('a message must carry the number of its call');
  switch (kind) {
    case 'call':
      return parseCall(fields, id);
    case 'cancel':
      return { kind, id };
    case 'credit':
      if (!isCredit(fields['count'])) return malformed('credit must be a positive number of items', id);
      return { kind, id, count: fields['count'] };
    default:
      return malformed('the kind of message is not known', id);
  }
}

export function parseServerMessage(message: unknown): ServerMessage | Malformed {
  const fields = asFields(message);
  if (fields === undefined) return malformed('a message must be an object');
  const { kind, id, value, error, cost } = fields;
  if (kind === 'error' && id === undefined) return { kind, error: error as ErrorData };
  if (!isCallId(id)) return malformed('a message must carry the number of its call');
  switch (kind) {
    case 'result':
      return { kind, id, value };
    case 'item':
      if (cost !== undefined && !isCredit(cost)) return malformed('"cost" must be a positive number of credits', id);
      return { kind, id, value, cost };
    case 'error':
      return { kind, id, error: error as ErrorData };
    case 'end':
      return { kind, id };
    default:
      return malformed('the kind of message is not known', id);
  }
}

function parseCall(fields: Readonly<Record<string, unknown>>, id: number): CallMessage | Malformed {
  const { method, input, deadlineMs, credit, pieceBytes } = fields;
  if (typeof method !== 'string' || method.length > METHOD_NAME_LENGTH_MAX) {
    return malformed(`"method" must be a name of at most ${METHOD_NAME_LENGTH_MAX} characters`, id);
  }
  if (deadlineMs !== undefined && !(typeof deadlineMs === 'number' && Number.isFinite(deadlineMs))) {
    return malformed('"deadlineMs" must be a number of milliseconds', id);
  }
  if (credit !== undefined && !isCredit(credit)) return malformed('"credit" must be a positive number of items', id);
  if (pieceBytes !== undefined && !(Number.isSafeInteger(pieceBytes) && (pieceBytes as number) > 0)) {
    return malformed('"pieceBytes" must be a positive number of bytes', id);
  }
  return { kind: 'call', id, method, input, deadlineMs, credit, pieceBytes: pieceBytes as number | undefined };
}

function asFields(message: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return undefined;
  return message as Readonly<Record<string, unknown>>;
}

function isCallId(id: unknown): id is number {
  return Number.isSafeInteger(id) && (id as number) > 0;
}

function isCredit(count: unknown): count is number {
  return Number.isSafeInteger(count) && (count as number) > 0 && (count as number) <= STREAM_CREDIT_ITEMS_MAX;
}

function malformed(reason: string, id?: number): Malformed {
  return { kind: 'malformed', reason, id };
}
