/** The words that the methods of the configuration service share. */
import { isName, NAME_RULE } from '@plumb/base';
import { configKeySchema, configValueSchema, coordinatesSchema } from '@plumb/config/feed';
import { isLayer, LAYER_RULE } from '@plumb/config/layers';
import * as v from 'valibot';

export const application = v.pipe(v.string(), v.check(isName, NAME_RULE));
export const revision = v.pipe(v.number(), v.integer(), v.minValue(0));
export const comment = v.optional(v.pipe(v.string(), v.maxLength(500)));
/** Epoch ms. */
export const at = v.number();
export const id = v.pipe(v.string(), v.maxLength(64));

/** Where a value comes from, lowest first: `manifest`, `common`, `release:R`, `env:E`, `region:R`, `env:E/region:R`. */
export const layer = v.pipe(v.string(), v.check(isLayer, LAYER_RULE));
/** A layer that people set values in: all but `manifest`. */
export const writableLayer = v.pipe(
  layer,
  v.check(
    (name) => name !== 'manifest',
    'manifest is what plumb.yaml gives: set the value in another layer, like common',
  ),
);

/** What an application at some place is asked about; without an environment, the one it was last deployed in. */
export const placed = { application, ...coordinatesSchema.entries };

export const configEntrySchema = v.object({
  application,
  key: configKeySchema,
  /** A secret that is not for the caller has an empty `$sealed`. */
  value: configValueSchema,
  layer,
  /** The store's counter at the change. */
  revision,
  author: v.string(),
  at,
  comment,
  /** What plumb.yaml gives, where another layer overrides it. */
  manifestValue: v.optional(configValueSchema),
});
export type ConfigEntry = v.InferOutput<typeof configEntrySchema>;

/** One value of one layer that becomes another; absent is "none". */
export const valueChangeSchema = v.object({
  key: configKeySchema,
  layer,
  before: v.optional(configValueSchema),
  after: v.optional(configValueSchema),
});
export type ValueChange = v.InferOutput<typeof valueChangeSchema>;

/** What is asked for: `value` absent means unset. Without a layer it is `common`. */
export const wantedChangeSchema = v.object({
  key: configKeySchema,
  layer: v.optional(writableLayer),
  value: v.optional(configValueSchema),
});
export type WantedChange = v.InferOutput<typeof wantedChangeSchema>;

/** More is an import of data: give it in parts. */
export const CHANGES_MAX = 250;
export const wantedChanges = v.pipe(v.array(wantedChangeSchema), v.minLength(1), v.maxLength(CHANGES_MAX));

/**
 * `stored`: it is in force. `conflict`: somebody was faster; nothing was changed. `proposed`: the environment is
 * protected, and another person must approve it.
 */
export const outcomeSchema = v.variant('kind', [
  v.object({ kind: v.literal('stored'), revision }),
  v.object({ kind: v.literal('conflict'), current: v.optional(configEntrySchema) }),
  v.object({ kind: v.literal('proposed'), proposal: id }),
]);
export type ChangeOutcome = v.InferOutput<typeof outcomeSchema>;
