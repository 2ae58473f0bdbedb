/**
 * The feed of configuration that a process subscribes to: `config.watch` of whoever provides it. Kept here because the
 * library that an application imports must not know the server.
 */
import * as v from 'valibot';

/** A configuration value: JSON. */
export type ConfigValue =
  | null
  | boolean
  | number
  | string
  | readonly ConfigValue[]
  | { readonly [key: string]: ConfigValue };

export const configValueSchema: v.GenericSchema<ConfigValue> = v.lazy(() =>
  v.union([
    v.null(),
    v.boolean(),
    v.pipe(v.number(), v.finite()),
    v.string(),
    v.array(configValueSchema),
    v.record(v.string(), configValueSchema),
  ]),
);

/** A dotted path of at most 200 characters, such as `title` or `mail.smtp.host`. */
export const configKeySchema = v.pipe(
  v.string(),
  v.maxLength(200),
  v.regex(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i,
    'a dotted path of letters, digits and inner hyphens, like "mail.min-tip"',
  ),
);

const snapshot = v.object({
  kind: v.literal('snapshot'),
  revision: v.number(),
  /** The value in force of each key, flattened to dotted paths. Arrays are one value. */
  values: v.record(v.string(), configValueSchema),
});
const change = v.object({
  kind: v.literal('change'),
  revision: v.number(),
  /** All changes of one revision. An absent `value` means that the key is gone. */
  changes: v.array(v.object({ key: v.string(), value: v.optional(configValueSchema) })),
});

export const configFeedEventSchema = v.variant('kind', [snapshot, change]);
export type ConfigFeedEvent = v.InferOutput<typeof configFeedEventSchema>;

/** The two methods of the service named `config` that a running process uses. */
export const configFeedContract = {
  watch: {
    summary: 'Follow the values of an application: all of them, then each change.',
    input: v.object({ application: v.string() }),
    output: configFeedEventSchema,
    stream: true,
    scope: 'config:read',
  },
  /** Tells which revision an instance runs now: the proof of convergence. */
  report: {
    summary: 'Tell which revision an instance runs.',
    input: v.object({ application: v.string(), instance: v.string(), revision: v.number() }),
    output: v.object({}),
    scope: 'config:read',
  },
} as const;
