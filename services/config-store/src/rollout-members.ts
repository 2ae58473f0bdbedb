/**
 * Who gets the values of a rollout. The order of instances is by a hash of the rollout and their name: the same wherever
 * it is computed, and another for each rollout, so that it is not always the same instances that try what is new.
 */
import { createHash } from 'node:crypto';
import type { Stage } from './contract/rollouts.ts';
import type { RolloutRecord } from './rollout-record.ts';

/** With names of up to 128 characters they fit in one value of the store. Beyond it a rollout reaches no further until its end. */
export const MEMBERS_MAX = 5_000;

/** How many of `population` instances a stage allows: rounded down, but at least one. */
export function countAllowed(stage: Stage, population: number): number {
  const wanted = 'instances' in stage ? stage.instances : Math.floor((population * stage.percent) / 100);
  return Math.min(Math.max(1, wanted), population, MEMBERS_MAX);
}

/** The members of a rollout at its stage. */
export function membersOf(
  { id, stages, stage, members }: Pick<RolloutRecord, 'id' | 'stages' | 'stage' | 'members'>,
  followers: readonly string[],
): readonly string[] {
  return chooseMembers({ id, stage: stages[stage] ?? { percent: 100 }, members, followers });
}

/**
 * The members of a stage: those of before, and others that follow the feed as far as the stage allows. Who has left keeps
 * its place and counts in the population, so that members that die of the new values do not make room for more to die.
 * Nobody is taken out where the population shrinks.
 */
export function chooseMembers({
  id,
  stage,
  members,
  followers,
}: {
  readonly id: string;
  readonly stage: Stage;
  readonly members: readonly string[];
  readonly followers: readonly string[];
}): readonly string[] {
  const had = new Set(members);
  const others = [...new Set(followers)].filter((instance) => !had.has(instance));
  const room = countAllowed(stage, had.size + others.length) - had.size;
  if (room <= 0) return members;
  const ranked = others.map((instance) => ({ instance, rank: rankOf(id, instance) }));
  ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return [...members, ...ranked.slice(0, room).map(({ instance }) => instance)];
}

function rankOf(id: string, instance: string): string {
  return createHash('sha256').update(`${id}\0${instance}`).digest('hex');
}
