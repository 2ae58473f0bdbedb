/**
 * What to do next with a rollout, from its record and what is the case: pure, so that every way that it can go is a test.
 *
 * Invariants: a bad gate reverts, whatever else is the case. It is widened only while all is good (the gate, and every
 * member that follows the feed runs the new values) and has been for the whole `holdMs`; what is not known is not good.
 * Members are never more than the stage allows.
 */
import { membersOf } from './rollout-members.ts';
import type { GateReading, RolloutRecord } from './rollout-record.ts';

/** Of instances that a reason names: enough to look at one. */
const NAMED_MAX = 3;

export type RolloutFacts = {
  /** Instances that follow the feed at a place that the changes reach. */
  readonly followers: readonly string[];
  /** Members among them that are not yet seen to run the new values. */
  readonly unconverged: readonly string[];
  /** Just read; absent where the rollout has no gate. */
  readonly gate?: GateReading | undefined;
};

export type Judgement = { readonly kind: 'good' | 'bad' | 'wait'; readonly reason: string };

export type RolloutStep =
  | { readonly kind: 'revert'; readonly reason: string }
  | { readonly kind: 'finish'; readonly reason: string }
  | { readonly kind: 'widen'; readonly stage: number; readonly reason: string }
  | { readonly kind: 'join'; readonly members: readonly string[] }
  | { readonly kind: 'tell'; readonly state: 'running' | 'held'; readonly reason: string }
  | { readonly kind: 'none' };

/** Whether its values do well where they are. */
export function judgeRollout(
  { members, gate: wanted }: RolloutRecord,
  { followers, unconverged, gate }: RolloutFacts,
): Judgement {
  if (gate?.verdict === 'bad') return { kind: 'bad', reason: `${wanted?.query ?? 'the gate'}: ${gate.reason}` };
  const present = new Set(followers);
  if (!members.some((member) => present.has(member))) {
    const who = members.length === 0 ? 'no instance that it reaches' : `none of the ${members.length} that have it`;
    return { kind: 'wait', reason: `${who} follows the feed` };
  }
  if (unconverged.length > 0) {
    return { kind: 'wait', reason: `not seen to run it yet: ${nameSome(unconverged)}` };
  }
  if (wanted !== undefined && gate?.verdict !== 'good') {
    return { kind: 'wait', reason: `${wanted.query} is not known: ${gate?.reason ?? 'it was not read yet'}` };
  }
  return { kind: 'good', reason: gate?.reason ?? 'all that have it run it' };
}

/** `goodForMs`: how long the judgement of this stage has been good without a break; 0 where it is not. */
export function planStep(
  record: RolloutRecord,
  facts: RolloutFacts,
  { judgement, goodForMs }: { readonly judgement: Judgement; readonly goodForMs: number },
): RolloutStep {
  if (judgement.kind === 'bad') return { kind: 'revert', reason: judgement.reason };
  const { stage, stages, holdMs, members } = record;
  const wanted = membersOf(record, facts.followers);
  if (wanted.length > members.length) return { kind: 'join', members: wanted };
  if (judgement.kind === 'wait') return tell(record, 'held', judgement.reason);
  if (holdMs === undefined) return tell(record, 'held', 'it waits for a person: widen it or revert it');
  if (goodForMs < holdMs) return tell(record, 'running', `good: ${judgement.reason}`);
  const reason = `good for ${holdMs} ms: ${judgement.reason}`;
  return stage + 1 >= stages.length ? { kind: 'finish', reason } : { kind: 'widen', stage: stage + 1, reason };
}

/** What the journal says of a rollout that has ended. */
export function describeEnd({ id, changes, members, state, reason }: RolloutRecord): string {
  const what = `the rollout ${id} of ${nameSome(changes.map(({ key }) => key))}`;
  if (state === 'done') return `${what} is done, everybody has it: ${reason}`;
  const who = members.length === 1 ? 'the one instance' : `the ${members.length} instances`;
  return `${what} was taken back from ${who} that had it: ${reason}`;
}

/** The figure of a gate moves all the time: while it stays good that is no news. */
function tell(record: RolloutRecord, state: 'running' | 'held', reason: string): RolloutStep {
  const isSame = record.state === state && (state === 'running' || record.reason === reason);
  return isSame ? { kind: 'none' } : { kind: 'tell', state, reason };
}

function nameSome(names: readonly string[]): string {
  const rest = names.length - NAMED_MAX;
  return names.slice(0, NAMED_MAX).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
