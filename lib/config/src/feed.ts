/**
 * The feed of configuration that a process subscribes to: `config.watch` of whoever provides it. Kept here because the
 * library that an application imports must not know the server.
 */
import { isName, NAME_RULE } from '@plumb/base';
import { shareable } from '@plumb/rpc';
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

/**
 * A secret: an age file, bound to its application and key, and the recipients that can open it. It is one value wherever
 * values are taken apart. `$sealed` is empty, and so is `to`, where it is not for the reader.
 */
export const sealedValueSchema = v.strictObject({
  $sealed: v.pipe(v.string(), v.maxLength(131_072), v.regex(/^[A-Za-z0-9+/=]*$/, 'an age file in Base64')),
  to: v.pipe(
    v.array(v.pipe(v.string(), v.regex(/^age1[a-z0-9]{1,2100}$/, 'an age recipient, like age1…'))),
    v.maxLength(64),
  ),
});
export type SealedValue = v.InferOutput<typeof sealedValueSchema>;

export function isSealedValue(value: unknown): value is SealedValue {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, '$sealed');
}

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

const place = v.pipe(v.string(), v.check(isName, NAME_RULE));

/** Where a reader is: it decides which layers are in force for it. */
export const coordinatesSchema = v.object({
  environment: v.optional(place),
  releaseEnvironment: v.optional(place),
  region: v.optional(place),
});
export type Coordinates = v.InferOutput<typeof coordinatesSchema>;

const application = v.pipe(v.string(), v.check(isName, NAME_RULE));

/** More than the id of an instance that Plumb runs, and than most paths of files that are rendered. It is kept, and listed. */
const READER_NAME_LENGTH_MAX = 512;
const readerName = v.pipe(v.string(), v.maxLength(READER_NAME_LENGTH_MAX));
const instance = readerName;

/** Reads in one report: a process with more sends several. */
export const READS_PER_REPORT_MAX = 1_000;

/** The methods of the service named `config` that a running process uses. */
export const configFeedContract = {
  /** Without an environment it is the one that the application was last deployed in. */
  watch: {
    summary: 'Follow the values of an application: all of them, then each change.',
    input: v.object({ application, ...coordinatesSchema.entries, instance: v.optional(instance) }),
    // Made of values that were checked when they were set, and told to many.
    output: shareable(configFeedEventSchema),
    stream: true,
    scope: 'config:read',
  },
  /** Tells which revision an instance runs now, and the digest of its values (`digestOf`): the proof of convergence. */
  report: {
    summary: 'Tell which revision an instance runs.',
    input: v.object({
      application,
      instance,
      revision: v.number(),
      digest: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))),
    }),
    output: v.object({}),
    scope: 'config:read',
  },
  /** Tells which paths a process has read since its last report: the evidence of who needs what. */
  reportReads: {
    summary: 'Tell which configuration paths an instance has read.',
    input: v.object({
      application,
      instance,
      component: v.optional(readerName),
      release: v.optional(readerName),
      /** The empty path is all of it. */
      paths: v.pipe(v.array(v.pipe(v.string(), v.maxLength(200))), v.maxLength(READS_PER_REPORT_MAX)),
    }),
    output: v.object({}),
    scope: 'config:read',
  },
} as const;
