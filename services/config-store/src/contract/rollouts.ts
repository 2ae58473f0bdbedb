/** Changes that go to a few instances first, and the proof of who runs what. */
import type { Contract } from '@plumb/rpc';
import * as v from 'valibot';
import { application, at, comment, id, revision, valueChangeSchema, wantedChanges } from './shapes.ts';

/** How far: some instances by number, or a percentage of them, rounded down, at least one. */
export const stageSchema = v.union([
  v.object({ instances: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)) }),
  v.object({ percent: v.pipe(v.number(), v.minValue(0.01), v.maxValue(100)) }),
]);
export type Stage = v.InferOutput<typeof stageSchema>;

/** A PromQL query with one number as its answer: over `max` or under `min` is bad, and bad once is enough to revert. */
export const gateSchema = v.pipe(
  v.object({
    query: v.pipe(v.string(), v.minLength(1), v.maxLength(4_096)),
    max: v.optional(v.number()),
    min: v.optional(v.number()),
  }),
  v.check(({ max, min }) => max !== undefined || min !== undefined, 'a gate needs "max" or "min"'),
);
export type Gate = v.InferOutput<typeof gateSchema>;

export const rolloutStates = ['running', 'held', 'done', 'reverted'] as const;

export const rolloutSchema = v.object({
  id,
  application,
  changes: v.array(valueChangeSchema),
  stages: v.array(stageSchema),
  /** Index of the present stage. */
  stage: v.number(),
  /** How long a stage must be good before the next begins; absent where a person widens it. */
  holdMs: v.optional(v.number()),
  gate: v.optional(gateSchema),
  state: v.picklist(rolloutStates),
  /** Why it is in that state, for people: "waits for a person", "http_errors was 0.4, over 0.01". */
  reason: v.string(),
  /** Who has the new values now, or left with them; nobody when it has ended. */
  instances: v.array(v.string()),
  lastGate: v.optional(
    v.object({ at, value: v.optional(v.number()), verdict: v.picklist(['good', 'bad', 'unknown']) }),
  ),
  author: v.string(),
  at,
  comment,
  stageSince: at,
  endedAt: v.optional(at),
  /** Of its last step. */
  revision,
});
export type Rollout = v.InferOutput<typeof rolloutSchema>;

export const convergenceSchema = v.object({
  /** Of the application's last change. */
  revision,
  instances: v.array(
    v.object({
      instance: v.string(),
      environment: v.optional(v.string()),
      revision,
      at,
      digest: v.optional(v.string()),
      /** Its values are what they should be now: for a member of a rollout, those of the rollout. */
      isConverged: v.boolean(),
      rollout: v.optional(v.string()),
    }),
  ),
});
export type ConfigConvergence = v.InferOutput<typeof convergenceSchema>;

export const rolloutsContract = {
  /**
   * One rollout an application at a time. Stages are widened after `holdMs` while the gate is good (without a gate: by a
   * person, unless `holdMs` is given); the last stage makes it a change like any other. A bad gate reverts it.
   * @throws OperatingError `already-exists` while another runs, `invalid` as `change`; in a protected environment
   * `denied`: propose it as a change instead, or let two persons protect it less.
   */
  startRollout: {
    summary: 'Give changes to a few instances first.',
    input: v.object({
      application,
      changes: wantedChanges,
      stages: v.optional(v.pipe(v.array(stageSchema), v.minLength(1), v.maxLength(20))),
      holdMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(604_800_000))),
      gate: v.optional(gateSchema),
      comment,
    }),
    output: rolloutSchema,
    scope: 'config:write',
  },
  /** Those that run first, then those that ended, latest first. */
  rollouts: {
    summary: 'List rollouts of configuration.',
    input: v.object({ application: v.optional(application) }),
    output: v.array(rolloutSchema),
    scope: 'config:read',
    idempotent: 'read',
  },
  /** To its next stage, or to `stage`; past the last one it is done. */
  widenRollout: {
    summary: 'Give a rollout to more instances.',
    input: v.object({ id, stage: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))), comment }),
    output: rolloutSchema,
    scope: 'config:write',
  },
  revertRollout: {
    summary: 'Take a rollout back from everybody who has it.',
    input: v.object({ id, comment }),
    output: rolloutSchema,
    scope: 'config:write',
  },
  convergence: {
    summary: 'Tell which instances run which revision.',
    input: v.object({ application }),
    output: convergenceSchema,
    scope: 'config:read',
    idempotent: 'read',
  },
} as const satisfies Contract;
