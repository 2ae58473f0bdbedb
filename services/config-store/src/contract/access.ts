/** Who can open secrets, and who reads what. */
import { configKeySchema, coordinatesSchema } from '@plumb/config/feed';
import type { Contract } from '@plumb/rpc';
import * as v from 'valibot';
import { application, at, layer } from './shapes.ts';

const recipient = v.pipe(
  v.string(),
  v.regex(/^age1[a-z0-9]{1,2100}$/, 'an age recipient, like age1…: "plumb config keys" shows yours'),
);

export const recipientSchema = v.object({
  recipient,
  /** `application:NAME`, or the name of a person's token. Only who owns a recipient is sent what is sealed to it. */
  owner: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
  /** Absent: of every application. */
  application: v.optional(application),
  /** Absent: of every environment. */
  environment: coordinatesSchema.entries.environment,
  addedBy: v.string(),
  at,
});
export type ConfigRecipient = v.InferOutput<typeof recipientSchema>;

export const accessContract = {
  recipients: {
    summary: 'List who secrets are sealed to.',
    input: v.object({ application: v.optional(application), environment: coordinatesSchema.entries.environment }),
    output: v.array(recipientSchema),
    scope: 'config:read',
    idempotent: 'read',
  },
  /** Values that are sealed already are not: "plumb config rekey" seals them again. */
  addRecipient: {
    summary: 'Let somebody open the secrets that are sealed from now on.',
    input: v.object({
      recipient,
      owner: recipientSchema.entries.owner,
      application: v.optional(application),
      environment: coordinatesSchema.entries.environment,
    }),
    output: v.object({}),
    scope: 'config:recipients',
  },
  removeRecipient: {
    summary: 'Leave somebody out of the secrets that are sealed from now on.',
    input: v.object({
      recipient,
      application: v.optional(application),
      environment: coordinatesSchema.entries.environment,
    }),
    output: v.object({ removed: v.number() }),
    scope: 'config:recipients',
  },
  /** The recipients that a value of a layer is to be sealed to: of `env:E` those of E, of `common` all of the application's. */
  recipientsFor: {
    summary: 'Tell whom a secret of a layer must be sealed to.',
    input: v.object({ application, layer }),
    output: v.array(recipientSchema),
    scope: 'config:read',
    idempotent: 'read',
  },
  /** For each secret, by layer: who can open it, who should but cannot, and who can but should not any more. */
  whoCanRead: {
    summary: 'Tell who can open the secrets of an application.',
    input: v.object({ application, key: v.optional(configKeySchema) }),
    output: v.array(
      v.object({
        key: configKeySchema,
        layer,
        owners: v.array(v.string()),
        /** Recipients that nobody owns any more. */
        unknown: v.array(recipient),
        missing: v.array(v.string()),
        surplus: v.array(v.string()),
      }),
    ),
    scope: 'config:read',
    idempotent: 'read',
  },
  /** Who has read the key, or an object that it is in, and when last: of each hour the first reading is known. */
  whoReads: {
    summary: 'Tell who reads a key, and when last.',
    input: v.object({ application, key: configKeySchema }),
    output: v.array(
      v.object({
        application,
        component: v.optional(v.string()),
        instance: v.string(),
        release: v.optional(v.string()),
        /** The path that was read: the key, or one above it. */
        path: v.string(),
        firstAt: at,
        lastAt: at,
        isRunning: v.boolean(),
      }),
    ),
    scope: 'config:read',
    idempotent: 'read',
  },
  /**
   * Keys that nobody has read, and since when: their last reading, or when they were set. Reading an object that a key is in
   * counts, reading everything at once does not. With `unusedForMs` also those that were not read for so long.
   */
  unused: {
    summary: 'List keys that nobody reads, and since when.',
    input: v.object({
      application: v.optional(application),
      unusedForMs: v.optional(v.pipe(v.number(), v.minValue(0))),
    }),
    output: v.array(v.object({ application, key: configKeySchema, since: at, lastReadAt: v.optional(at) })),
    scope: 'config:read',
    idempotent: 'read',
  },
  /** For screens: names what to ask again. At most four events a second of each application. */
  follow: {
    summary: 'Follow what becomes different in configuration, by application and part.',
    input: v.object({ application: v.optional(application) }),
    output: v.object({
      application,
      parts: v.array(v.picklist(['values', 'schema', 'proposals', 'rollouts', 'convergence', 'recipients', 'reads'])),
    }),
    stream: true,
    scope: 'config:read',
  },
} as const satisfies Contract;
