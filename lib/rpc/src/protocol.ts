/**
 * The messages of RPC: plain data, the same over every channel. Whoever calls numbers its calls; everything about a call
 * carries its number. A channel exists only between sides that speak the same `PROTOCOL_VERSION`, which its opening
 * agrees on, so the messages do not repeat it.
 *
 *   caller -> service   call (with `credit`: a stream may answer it), cancel, credit
 *   service -> caller   result | error, or for a stream: item… then end | error; release
 *
 * A call's input may refer to functions and streams of the caller. They are called in the other direction of the same
 * channel, as the method `#REF`, with the same messages: so both sides send every kind, and the kind of a message tells
 * whose numbering its id is of.
 *
 * `error` without an id is about the connection and is the last message on it.
 */
import type { ErrorData } from '@plumb/base';
import { CALL_KEY_LENGTH_MAX, METHOD_NAME_LENGTH_MAX, STREAM_CREDIT_ITEMS_MAX } from './limits.ts';

export const PROTOCOL_VERSION = 1;

/** A function or a stream in the input of a call, which has null in its place. */
export type Reference = {
  /** Where it is in the input: the names of fields and the indexes of lists. */
  readonly at: readonly (string | number)[];
  /** Numbered by the caller, one number for each as long as the channel is open. It can be called until the call ends. */
  readonly ref: number;
  readonly kind: 'function' | 'stream';
};

export type CallMessage = {
  readonly kind: 'call';
  readonly id: number;
  /** `service.method`; or `#REF`, whose input is the list of arguments. */
  readonly method: string;
  readonly input?: unknown;
  /** What is left of the caller's deadline, for the answer or the first item. Lengths travel rather than times, so clocks need not agree. */
  readonly deadlineMs?: number | undefined;
  /** Items that may be sent at once. Present where the caller reads a stream, or does not know whether there is one. */
  readonly credit?: number | undefined;
  /** An item takes one credit for each so many bytes that it begins. Without it, every item takes one. */
  readonly pieceBytes?: number | undefined;
  /** Those of the input, a list of `Reference`. What is wrong with it is the fault of this call alone. */
  readonly references?: unknown;
  /** The W3C trace that the call belongs to. One that is malformed counts for nothing. */
  readonly traceparent?: string | undefined;
  /** The same for each try of one idempotent call, and for no other call of the same caller. */
  readonly key?: string | undefined;
};

export type ClientMessage =
  | CallMessage
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'credit'; readonly id: number; readonly count: number };

export type ServerMessage =
  | { readonly kind: 'result'; readonly id: number; readonly value?: unknown }
  /** `cost` is how many credits it took, which the reader gives back; one where it is left out. */
  | { readonly kind: 'item'; readonly id: number; readonly value?: unknown; readonly cost?: number | undefined }
  /** `notRun`: no handler was called, so the call may be made again elsewhere, whatever it does. */
  | {
      readonly kind: 'error';
      readonly id?: number | undefined;
      readonly error: ErrorData;
      readonly notRun?: boolean | undefined;
    }
  | { readonly kind: 'end'; readonly id: number }
  /** `ref`, which came with the call `id`, will not be called any more. */
  | { readonly kind: 'release'; readonly id: number; readonly ref: number };

/** A message that cannot be read: why, and which call it is about where that much is certain. */
export type Malformed = { readonly kind: 'malformed'; readonly reason: string; readonly id?: number | undefined };

export function parseMessage(message: unknown): ClientMessage | ServerMessage | Malformed {
  const fields = asFields(message);
  if (fields === undefined) return malformed('a message must be an object');
  const { kind, id } = fields;
  if (kind === 'error') return parseError(fields, id);
  if (!isNumber(id)) return malformed('a message must carry the number of its call');
  switch (kind) {
    case 'call':
      return parseCall(fields, id);
    case 'result':
      return { kind, id, value: fields['value'] };
    case 'item':
      return parseItem(fields, id);
    case 'credit':
      if (!isCredit(fields['count'])) return malformed('credit must be a positive number of items', id);
      return { kind, id, count: fields['count'] };
    case 'cancel':
    case 'end':
      return { kind, id };
    case 'release':
      if (!isNumber(fields['ref'])) return malformed('what is released must have a number', id);
      return { kind, id, ref: fields['ref'] };
    default:
      return malformed('the kind of message is not known', id);
  }
}

function parseError({ error, notRun }: Fields, id: unknown): ServerMessage | Malformed {
  if (id !== undefined && !isNumber(id)) return malformed('a message must carry the number of its call');
  return { kind: 'error', id, error: error as ErrorData, notRun: notRun === true };
}

function parseItem({ value, cost }: Fields, id: number): ServerMessage | Malformed {
  if (cost !== undefined && !isCredit(cost)) return malformed('"cost" must be a positive number of credits', id);
  return { kind: 'item', id, value, cost };
}

function parseCall(fields: Fields, id: number): CallMessage | Malformed {
  const { method, input, deadlineMs, credit, pieceBytes, references, traceparent, key } = fields;
  if (typeof method !== 'string' || method.length > METHOD_NAME_LENGTH_MAX) {
    return malformed(`"method" must be a name of at most ${METHOD_NAME_LENGTH_MAX} characters`, id);
  }
  if (deadlineMs !== undefined && !(typeof deadlineMs === 'number' && Number.isFinite(deadlineMs))) {
    return malformed('"deadlineMs" must be a number of milliseconds', id);
  }
  if (credit !== undefined && !isCredit(credit)) return malformed('"credit" must be a positive number of items', id);
  if (pieceBytes !== undefined && !isNumber(pieceBytes)) {
    return malformed('"pieceBytes" must be a positive number of bytes', id);
  }
  if (key !== undefined && !isKey(key)) {
    return malformed(`"key" must be a text of at most ${CALL_KEY_LENGTH_MAX} characters`, id);
  }
  const trace = typeof traceparent === 'string' ? traceparent : undefined;
  return { kind: 'call', id, method, input, deadlineMs, credit, pieceBytes, references, traceparent: trace, key };
}

type Fields = Readonly<Record<string, unknown>>;

function asFields(message: unknown): Fields | undefined {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return undefined;
  return message as Fields;
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function isKey(key: unknown): key is string {
  return typeof key === 'string' && key !== '' && key.length <= CALL_KEY_LENGTH_MAX;
}

function isCredit(count: unknown): count is number {
  return Number.isSafeInteger(count) && (count as number) > 0 && (count as number) <= STREAM_CREDIT_ITEMS_MAX;
}

function malformed(reason: string, id?: number): Malformed {
  return { kind: 'malformed', reason, id };
}
