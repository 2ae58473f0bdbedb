/** What stands between a bad change and the processes: schemas, and a second person. */
import type { Contract } from '@plumb/rpc';
import { coordinatesSchema } from '@plumb/config/feed';
import * as v from 'valibot';
import { application, at, comment, id, outcomeSchema, revision, valueChangeSchema, wantedChanges } from './shapes.ts';

export const proposalSchema = v.object({
  id,
  application,
  changes: v.array(valueChangeSchema),
  author: v.string(),
  at,
  expiresAt: at,
  comment,
  /** The protected environments that it would reach. */
  environments: v.array(v.string()),
});
export type Proposal = v.InferOutput<typeof proposalSchema>;

export const faultSchema = v.object({ key: v.string(), layer: v.optional(v.string()), reason: v.string() });
export type ConfigFault = v.InferOutput<typeof faultSchema>;

export const guardsContract = {
  /** The JSON Schema (draft 2020-12) that the tree of values in force must fit, at every place that has values. */
  schema: {
    summary: 'Read the schema of an application.',
    input: v.object({ application }),
    output: v.optional(v.object({ schema: v.unknown(), revision, author: v.string(), at })),
    scope: 'config:read',
    idempotent: 'read',
  },
  /**
   * Null removes it. @throws OperatingError `invalid` where it is no schema, or the values in force do not fit it, with
   * each fault.
   */
  setSchema: {
    summary: 'Give an application a schema that its values must fit.',
    input: v.object({ application, schema: v.nullable(v.record(v.string(), v.unknown())) }),
    output: v.object({ revision }),
    scope: 'config:write',
  },
  /** Every fault that changes would have; none means that they could be made. */
  check: {
    summary: 'Check changes against the schema without making them.',
    input: v.object({ application, changes: wantedChanges }),
    output: v.array(faultSchema),
    scope: 'config:read',
    idempotent: 'read',
  },
  /** From then on changes that reach the environment are proposals that another person must approve. */
  protect: {
    summary: 'Make changes to an environment need a second person, or no more.',
    input: v.object({
      application,
      environment: v.nonOptional(coordinatesSchema.entries.environment),
      isProtected: v.boolean(),
    }),
    output: v.object({}),
    scope: 'config:protect',
  },
  proposals: {
    summary: 'List the changes that wait for a second person.',
    input: v.object({ application: v.optional(application) }),
    output: v.array(proposalSchema),
    scope: 'config:read',
    idempotent: 'read',
  },
  /** @throws OperatingError `denied` for the author; `conflict` where a value has changed since it was proposed. */
  approve: {
    summary: 'Approve what somebody else has proposed, so that it is in force.',
    input: v.object({ id, comment }),
    output: outcomeSchema,
    scope: 'config:approve',
  },
  /** The author may take it back; anybody who may approve may turn it down. */
  reject: {
    summary: 'Turn a proposal down, or take it back.',
    input: v.object({ id, comment }),
    output: v.object({}),
    scope: 'config:write',
  },
} as const satisfies Contract;
