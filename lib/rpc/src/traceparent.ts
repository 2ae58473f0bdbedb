/**
 * The `traceparent` of W3C Trace Context, level 2 (https://www.w3.org/TR/trace-context-2/): which trace a call belongs to,
 * and which span of it made the call. A text that breaks the rules counts for nothing, as the standard wants it.
 */
import { type Random, randomInteger } from '@plumb/base';

export type Trace = {
  /** 32 lower-case hex digits, not all zero; the span id 16. */
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
};

/** `sampled`, and `random`: the trace id is random enough to decide by it. The standard knows no others. */
const KNOWN_FLAGS = 0x03;

/** Versions above 00 may go on behind a dash; the part before it is read as that of 00. `ff` is no version. */
const PATTERN = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** Longer ones are not looked at. */
const LENGTH_MAX = 512;

export function parseTraceparent(text: string | undefined): Trace | undefined {
  if (text === undefined || text.length > LENGTH_MAX) return undefined;
  const [, version, traceId, spanId, flags, rest] = PATTERN.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === '00' && rest !== undefined) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) & KNOWN_FLAGS };
}

export function formatTraceparent({ traceId, spanId, flags }: Trace): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
}

/** The same trace with a span of its own, for a call that is made within it. */
export function childTrace(trace: Trace, random: Random): Trace {
  return { ...trace, spanId: randomHex(2, random) };
}

/** A trace that begins with this call. It is not sampled: who records traces decides that. */
export function newTrace(random: Random): Trace {
  return { traceId: randomHex(4, random), spanId: randomHex(2, random), flags: 0x02 };
}

/** `words` times 8 digits, of which the last word is never zero. */
function randomHex(words: number, random: Random): string {
  const hex = (min: number): string => randomInteger(random, min, 0xff_ff_ff_ff).toString(16).padStart(8, '0');
  return Array.from({ length: words }, (_, index) => hex(index === words - 1 ? 1 : 0)).join('');
}
