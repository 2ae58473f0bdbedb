/** A rollout as it is asked for, checked, before anybody has it. Pure. */
import { OperatingError } from '@plumb/base';
import type { ApplicationValues } from './application-values.ts';
import type { Gate, Stage } from './contract/rollouts.ts';
import { effectiveChanges, type KeyChange, toValueChanges } from './key-change.ts';
import { reachedBy } from './protection.ts';
import type { GateReading, RolloutRecord } from './rollout-record.ts';
import { checkStages, DEFAULT_STAGES } from './rollout-stages.ts';

/** How long a stage must be good where there is a gate and nobody says: some scrapes, and a minute of requests. */
const HOLD_MS = 60_000;
/** As JSON: with what is there before, and once more as the overlay, it must fit into values of the store. */
const CHANGES_SIZE_BYTES_MAX = 262_144;

export type RolloutRequest = {
  readonly application: string;
  readonly changes: readonly KeyChange[];
  readonly stages?: readonly Stage[] | undefined;
  readonly holdMs?: number | undefined;
  readonly gate?: Gate | undefined;
  readonly comment?: string | undefined;
};

/**
 * @throws OperatingError `already-exists` while another one runs; `invalid` where nothing would be different, it is too
 * large for a rollout, or its stages are out of order.
 */
export function draftRollout(
  { application, changes: wanted, stages = DEFAULT_STAGES, gate, holdMs, comment }: RolloutRequest,
  state: ApplicationValues,
  by: { readonly id: string; readonly author: string; readonly at: number },
): RolloutRecord {
  if (state.overlay !== undefined) throw alreadyRuns(application, state.overlay.id);
  checkStages(stages);
  const changes = toValueChanges(state, effectiveChanges(state, wanted));
  checkChanges(application, changes);
  const hold = holdMs ?? (gate === undefined ? undefined : HOLD_MS);
  return {
    ...by,
    application,
    changes,
    stages,
    stage: 0,
    state: 'running',
    reason: 'it begins',
    members: [],
    stageSince: by.at,
    ...(hold === undefined ? {} : { holdMs: hold }),
    ...(gate === undefined ? {} : { gate }),
    ...(comment === undefined ? {} : { comment }),
  };
}

/** Rollouts go by themselves, which is what a second person is to prevent. @throws OperatingError `denied`. */
export function requireUnprotected({ application, changes }: RolloutRecord, environments: readonly string[]): void {
  const [reached] = reachedBy(changes, environments);
  if (reached === undefined) return;
  throw new OperatingError(
    'denied',
    `${reached} of ${application} is protected, and a rollout needs no second person: propose it as a change instead`,
  );
}

export function badFromTheStart({ application, gate }: RolloutRequest, { reason }: GateReading): OperatingError {
  const query = gate?.query ?? '';
  return new OperatingError(
    'conflict',
    `the gate of ${application} is bad before anything was changed: ${query}: ${reason}`,
  );
}

function checkChanges(application: string, changes: RolloutRecord['changes']): void {
  if (changes.length === 0) {
    throw new OperatingError('invalid', `nothing of ${application} would be different: these are the values already`);
  }
  const sizeBytes = Buffer.byteLength(JSON.stringify(changes));
  if (sizeBytes <= CHANGES_SIZE_BYTES_MAX) return;
  throw new OperatingError(
    'invalid',
    `the changes are ${sizeBytes} bytes, over the ${CHANGES_SIZE_BYTES_MAX} of a rollout: make it smaller, or change them for everybody`,
  );
}

function alreadyRuns(application: string, id: string): OperatingError {
  const message = `rollout ${id} of ${application} runs: widen it to its end or revert it first`;
  return new OperatingError('already-exists', message, { details: { rollout: id } });
}
