/** Reading and changing values, and what was before. */
import { configKeySchema, configValueSchema, coordinatesSchema } from '@plumb/config/feed';
import type { Contract } from '@plumb/rpc';
import * as v from 'valibot';
import {
  application,
  at,
  comment,
  configEntrySchema,
  layer,
  outcomeSchema,
  placed,
  revision,
  valueChangeSchema,
  wantedChanges,
  writableLayer,
} from './shapes.ts';

const limit = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000)));

export const configChangeSchema = v.object({
  revision,
  key: configKeySchema,
  layer,
  /** Absent where the key was unset. */
  value: v.optional(configValueSchema),
  author: v.string(),
  /** Who approved it, in a protected environment. */
  approvedBy: v.optional(v.string()),
  at,
  comment,
});
export type ConfigChange = v.InferOutput<typeof configChangeSchema>;

/** All that became different at one revision. */
export const changeSetSchema = v.object({
  revision,
  author: v.string(),
  approvedBy: v.optional(v.string()),
  at,
  comment,
  changes: v.array(valueChangeSchema),
});
export type ChangeSet = v.InferOutput<typeof changeSetSchema>;

export const explanationSchema = v.object({
  key: configKeySchema,
  /** Every layer that says something, lowest first; the last one that is in force for the reader wins. */
  entries: v.array(v.object({ ...configEntrySchema.entries, isInForce: v.boolean() })),
  /** A rollout that gives some instances another value. */
  rollout: v.optional(
    v.object({ id: v.string(), value: v.optional(configValueSchema), instances: v.array(v.string()) }),
  ),
});

export const valuesContract = {
  get: {
    summary: 'Read the value in force of one key.',
    input: v.object({ ...placed, key: configKeySchema }),
    output: v.optional(configEntrySchema),
    scope: 'config:read',
    idempotent: 'read',
  },
  /** All values in force of one revision, as the feed gives them at first; 0 for an application without any. */
  snapshot: {
    summary: 'Read all values in force of an application, of one revision.',
    input: v.object(placed),
    output: v.object({ revision, values: v.record(v.string(), configValueSchema) }),
    scope: 'config:read',
    idempotent: 'read',
  },
  /** The values in force, by application and key; of all applications where none is named. With a layer: that layer's own. */
  list: {
    summary: 'List the values in force, of one application or of all.',
    input: v.object({ application: v.optional(application), ...coordinatesSchema.entries, layer: v.optional(layer) }),
    output: v.array(configEntrySchema),
    scope: 'config:read',
    idempotent: 'read',
  },
  explain: {
    summary: 'Tell which layers say what about a key, and which one wins.',
    input: v.object({ ...placed, key: configKeySchema }),
    output: explanationSchema,
    scope: 'config:read',
    idempotent: 'read',
  },
  /** The layers that have values, and the environment that the application was last deployed in. */
  layers: {
    summary: 'List the layers of an application that have values.',
    input: v.object({ application }),
    output: v.object({
      environment: v.optional(v.string()),
      layers: v.array(v.object({ layer, keys: v.number(), isProtected: v.boolean() })),
    }),
    scope: 'config:read',
    idempotent: 'read',
  },
  /**
   * `ifRevision` makes it conditional on the revision of the layer's own entry; 0 means "only if the layer has no value".
   * A key may not be both a value and a path to others within the layers that one reader sees.
   * @throws OperatingError `invalid` where the schema refuses it, with the reason.
   */
  set: {
    summary: 'Set a value, which every subscribed process gets at once.',
    input: v.object({
      application,
      key: configKeySchema,
      value: configValueSchema,
      layer: v.optional(writableLayer),
      ifRevision: v.optional(revision),
      comment,
    }),
    output: outcomeSchema,
    scope: 'config:write',
  },
  /** Removes the layer's value, so that the one below is in force again, if there is one. */
  unset: {
    summary: 'Take a set value back, so that the one below it is in force again.',
    input: v.object({
      application,
      key: configKeySchema,
      layer: v.optional(writableLayer),
      ifRevision: v.optional(revision),
      comment,
    }),
    output: outcomeSchema,
    scope: 'config:write',
  },
  /**
   * Many values at one revision, all or none. `ifRevision` is the application's. With `isDryRun` nothing is changed: the
   * answer is what would be different.
   * @throws OperatingError `invalid` with every fault in `details.faults`: `{ key, layer, reason }`.
   */
  change: {
    summary: 'Change many values at one revision, all or none.',
    input: v.object({
      application,
      changes: wantedChanges,
      ifRevision: v.optional(revision),
      comment,
      isDryRun: v.optional(v.boolean()),
    }),
    output: v.variant('kind', [
      ...outcomeSchema.options,
      v.object({ kind: v.literal('checked'), revision, changes: v.array(valueChangeSchema) }),
    ]),
    scope: 'config:write',
  },
  /** The changes of one key in all layers, or of one, latest first; the last `HISTORY_MAX` of each key are kept. */
  history: {
    summary: 'List the changes of one key, latest first.',
    input: v.object({ application, key: configKeySchema, layer: v.optional(layer), limit }),
    output: v.array(configChangeSchema),
    scope: 'config:read',
    idempotent: 'read',
  },
  /** Latest first; those before a revision where one is given. */
  changeSets: {
    summary: 'List what was changed, revision by revision, latest first.',
    input: v.object({ application, before: v.optional(revision), limit }),
    output: v.array(changeSetSchema),
    scope: 'config:read',
    idempotent: 'read',
  },
  /** What differs between two revisions, in every layer. Without `to` it is the present. */
  diff: {
    summary: 'Tell what differs between two revisions.',
    input: v.object({ application, from: revision, to: v.optional(revision) }),
    output: v.array(valueChangeSchema),
    scope: 'config:read',
    idempotent: 'read',
  },
  /**
   * Sets every value, but those of the manifest, to what it was at a revision, as one new revision.
   * @throws OperatingError `not-found` where the history does not reach back that far, with the keys.
   */
  rollback: {
    summary: 'Bring the values of an earlier revision back, as a new one.',
    input: v.object({
      application,
      revision,
      keys: v.optional(v.array(configKeySchema)),
      comment,
      isDryRun: v.optional(v.boolean()),
    }),
    output: v.variant('kind', [
      ...outcomeSchema.options,
      v.object({ kind: v.literal('checked'), revision, changes: v.array(valueChangeSchema) }),
    ]),
    scope: 'config:write',
  },
  /** What is in force here and there, where it is not the same. */
  compare: {
    summary: 'Tell what differs between two environments.',
    input: v.object({ application, left: coordinatesSchema, right: coordinatesSchema }),
    output: v.array(
      v.object({ key: configKeySchema, left: v.optional(configEntrySchema), right: v.optional(configEntrySchema) }),
    ),
    scope: 'config:read',
    idempotent: 'read',
  },
  /** Replaces the manifest layer of an application, in one revision. Nested objects are flattened to dotted paths. */
  provision: {
    summary: 'Replace the values that plumb.yaml gives an application.',
    input: v.object({
      application,
      environment: coordinatesSchema.entries.environment,
      values: v.record(v.string(), configValueSchema),
    }),
    output: v.object({ revision }),
    scope: 'config:provision',
  },
} as const satisfies Contract;
