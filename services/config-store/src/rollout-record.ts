/** What is kept of a rollout, under `config/rollout/APPLICATION/ID`. It says all that a plumbd needs to go on with it. */
import type { Gate, Rollout, Stage } from './contract/rollouts.ts';
import type { ValueChange } from './contract/shapes.ts';

export type RolloutRecord = {
  readonly id: string;
  readonly application: string;
  readonly changes: readonly ValueChange[];
  readonly stages: readonly Stage[];
  readonly stage: number;
  /** Absent: a person widens it. */
  readonly holdMs?: number | undefined;
  readonly gate?: Gate | undefined;
  readonly state: Rollout['state'];
  readonly reason: string;
  /** Who has the new values, and who had them and is gone: they keep their place. Empty when it has ended. */
  readonly members: readonly string[];
  readonly author: string;
  readonly at: number;
  readonly comment?: string | undefined;
  readonly stageSince: number;
  readonly endedAt?: number | undefined;
  /** The last reading at the time of writing. */
  readonly lastGate?: GateReading | undefined;
  /** Its end is in the journal. */
  readonly isTold?: boolean | undefined;
};

export type GateReading = {
  readonly at: number;
  readonly value?: number | undefined;
  readonly verdict: 'good' | 'bad' | 'unknown';
  /** For people: "0.4 is over 0.01", "the query gives no number". */
  readonly reason: string;
};

/** It has not ended: `held` waits for something, and goes on by itself when it has it. */
export function isRunning({ state }: Pick<RolloutRecord, 'state'>): boolean {
  return state === 'running' || state === 'held';
}
