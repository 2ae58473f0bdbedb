/** What the number of a gate's query says about a rollout. */
import { type Clock, describeError, withAbort } from '@plumb/base';
import type { Gate } from './contract/rollouts.ts';
import type { GateReading } from './rollout-record.ts';

/** A query that takes longer says nothing in time: a bad value must be taken back within seconds. */
const GATE_TIMEOUT_MS = 3_000;

/** The number that a query answers with; undefined where it answers with none. */
export type QueryNumber = (query: string, signal: AbortSignal) => Promise<number | undefined>;

/** Never rejects: metrics that are away, too slow or without an answer are `unknown`. */
export async function readGate(
  gate: Gate,
  { queryNumber, clock }: { readonly queryNumber: QueryNumber; readonly clock: Clock },
  signal?: AbortSignal,
): Promise<GateReading> {
  const stop = new AbortController();
  using _timer = clock.after(GATE_TIMEOUT_MS, () => {
    stop.abort(new Error(`it gave no answer within ${GATE_TIMEOUT_MS} ms`));
  });
  const until = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
  try {
    const value = await withAbort(queryNumber(gate.query, until), until);
    return { at: clock.now(), ...judgeNumber(gate, value) };
  } catch (error) {
    return { at: clock.now(), verdict: 'unknown', reason: describeError(error) };
  }
}

export function judgeNumber({ max, min }: Gate, value: number | undefined): Omit<GateReading, 'at'> {
  if (value === undefined || Number.isNaN(value)) return { verdict: 'unknown', reason: 'the query gives no number' };
  const shown = Number(value.toPrecision(6));
  if (max !== undefined && value > max) return { value, verdict: 'bad', reason: `${shown} is over ${max}` };
  if (min !== undefined && value < min) return { value, verdict: 'bad', reason: `${shown} is under ${min}` };
  return { value, verdict: 'good', reason: `${shown} is within its bounds` };
}
