/** What other packages may know of the configuration service: values in layers, with revisions, history and watch. */
import { isName, NAME_RULE } from '@plumb/base';
import { configFeedContract, configKeySchema, configValueSchema } from '@plumb/config/feed';
import type { Client, Contract, Handlers } from '@plumb/rpc';
import * as v from 'valibot';

const application = v.pipe(v.string(), v.check(isName, NAME_RULE));
const revision = v.pipe(v.number(), v.integer(), v.minValue(0));
const comment = v.optional(v.pipe(v.string(), v.maxLength(500)));

/** `manifest`: the value that plumb.yaml gives. `store`: what a person or program set; it wins. */
export const configLayers = ['manifest', 'store'] as const;

export const configEntrySchema = v.object({
  application,
  key: configKeySchema,
  value: configValueSchema,
  layer: v.picklist(configLayers),
  /** The store's counter at the change. */
  revision,
  author: v.string(),
  /** Epoch ms. */
  at: v.number(),
  comment,
  /** What plumb.yaml gives, where the store overrides it. */
  manifestValue: v.optional(configValueSchema),
});

export const configChangeSchema = v.object({
  revision,
  layer: v.picklist(configLayers),
  /** Absent where the key was unset. */
  value: v.optional(configValueSchema),
  author: v.string(),
  at: v.number(),
  comment,
});

const stored = v.object({ kind: v.literal('stored'), revision });
const conflict = v.object({ kind: v.literal('conflict'), current: v.optional(configEntrySchema) });

export const configContract = {
  get: {
    summary: 'Read the value in force of one key.',
    input: v.object({ application, key: configKeySchema }),
    output: v.optional(configEntrySchema),
    scope: 'config:read',
    idempotent: true,
  },
  /** All values in force of one revision, as the feed gives them at first; 0 for an application without any. */
  snapshot: {
    summary: 'Read all values in force of an application, of one revision.',
    input: v.object({ application }),
    output: v.object({ revision, values: v.record(v.string(), configValueSchema) }),
    scope: 'config:read',
    idempotent: true,
  },
  /** The values in force, by application and key; of all applications where none is named. */
  list: {
    summary: 'List the values in force, of one application or of all.',
    input: v.object({ application: v.optional(application) }),
    output: v.array(configEntrySchema),
    scope: 'config:read',
    idempotent: true,
  },
  /**
   * `ifRevision` makes it conditional on the revision of the entry in force; 0 means "only if the key has no value".
   * A key may not be both a value and a path to others: `mail` and `mail.host` cannot both be set.
   */
  set: {
    summary: 'Set a value, which every subscribed process gets at once.',
    input: v.object({
      application,
      key: configKeySchema,
      value: configValueSchema,
      ifRevision: v.optional(revision),
      comment,
    }),
    output: v.variant('kind', [stored, conflict]),
    scope: 'config:write',
  },
  /** Removes the store's value, so that the manifest's is in force again, if there is one. */
  unset: {
    summary: 'Take a set value back, so that the one of plumb.yaml is in force again.',
    input: v.object({ application, key: configKeySchema, ifRevision: v.optional(revision), comment }),
    output: v.variant('kind', [stored, conflict]),
    scope: 'config:write',
  },
  /** The changes of one key, latest first; the last `HISTORY_MAX` of each key are kept. */
  history: {
    summary: 'List the changes of one key, latest first.',
    input: v.object({
      application,
      key: configKeySchema,
      limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000))),
    }),
    output: v.array(configChangeSchema),
    scope: 'config:read',
    idempotent: true,
  },
  /** Replaces the manifest layer of an application, in one revision. Nested objects are flattened to dotted paths. */
  provision: {
    summary: 'Replace the values that plumb.yaml gives an application.',
    input: v.object({ application, values: v.record(v.string(), configValueSchema) }),
    output: v.object({ revision }),
    scope: 'config:provision',
  },
  /** Which instances run which revision. `revision` is that of the application's last change. */
  convergence: {
    summary: 'Tell which instances run which revision.',
    input: v.object({ application }),
    output: v.object({
      revision,
      instances: v.array(v.object({ instance: v.string(), revision, at: v.number() })),
    }),
    scope: 'config:read',
    idempotent: true,
  },
  ...configFeedContract,
} as const satisfies Contract;

export type ConfigEntry = v.InferOutput<typeof configEntrySchema>;
export type ConfigChange = v.InferOutput<typeof configChangeSchema>;
export type ConfigClient = Client<typeof configContract>;
export type ConfigHandlers = Handlers<typeof configContract>;
