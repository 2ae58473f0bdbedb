/** What the dictionary holds: applications and services as declared, instances as observed. Safe in a browser. */
import { isName, isPublicKey, NAME_RULE, PUBLIC_KEY_RULE } from '@plumb/base';
import * as v from 'valibot';

/** Links, tags, or named facts of one thing: what a person reads at a glance, and no store of data. */
export const DETAILS_MAX = 64;
/** Services that one component, or one application, can need. */
export const NEEDS_MAX = 256;
/** Checks that one instance can tell of. */
export const CHECKS_MAX = 32;

/** A name of an application, process or chain: a DNS label, so that every name can be looked up. */
export const nameSchema = v.pipe(v.string(), v.check(isName, NAME_RULE));

/** What names an instance, a host or a caller. */
export const idSchema = v.pipe(v.string(), v.minLength(1), v.maxLength(255));

const shortText = v.pipe(v.string(), v.maxLength(256));
const longText = v.pipe(v.string(), v.maxLength(2_048));
const tagsSchema = v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(128))), v.maxLength(DETAILS_MAX));
const factsSchema = v.pipe(
  v.record(v.pipe(v.string(), v.maxLength(128)), longText),
  v.check((facts) => Object.keys(facts).length <= DETAILS_MAX, `at most ${DETAILS_MAX} entries`),
);
const needsSchema = v.pipe(v.array(nameSchema), v.maxLength(NEEDS_MAX));
const portSchema = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));

/**
 * The health states of everything that runs. Ordinary processes use `starting`, `ready`, `unready` and `failed`; a
 * chain node also `progressing` (syncing: never restarted), `lagging`, `stalled` and `forked`. Only `ready` is resolved.
 */
export const healthStates = [
  'starting',
  'progressing',
  'ready',
  'unready',
  'lagging',
  'stalled',
  'forked',
  'failed',
] as const;

/** One of the checks that a health is made of, as Consul has them. */
export const checkSchema = v.object({
  id: idSchema,
  name: shortText,
  state: v.picklist(['passing', 'warning', 'critical']),
  /** What the check said last. */
  output: v.optional(v.pipe(v.string(), v.maxLength(4_096))),
  /** Epoch ms at which the state was entered. */
  sinceAt: v.number(),
});

export const healthSchema = v.object({
  state: v.picklist(healthStates),
  /** Why, for a person; absent when ready. */
  reason: v.optional(v.string()),
  /** Epoch ms at which the state was entered. */
  sinceAt: v.number(),
  /** Absent where nobody tells of single checks. `state` is what counts: who reports it derives it from them. */
  checks: v.optional(v.pipe(v.array(checkSchema), v.maxLength(CHECKS_MAX))),
});

export const applicationSchema = v.object({
  name: nameSchema,
  description: v.optional(v.string()),
  /** Who answers for it: a team or a person, in their own words. */
  owner: v.optional(shortText),
  /** Where its source is. */
  repository: v.optional(longText),
  /** By title: documentation, a runbook, a dashboard. */
  links: v.optional(factsSchema),
  tags: v.optional(tagsSchema),
  /** The one that it is deployed in. */
  environment: v.string(),
  /** Those that its manifest knows. */
  environments: v.optional(v.pipe(v.array(v.string()), v.maxLength(DETAILS_MAX))),
  release: v.string(),
  /** Epoch ms. */
  declaredAt: v.number(),
  /** The services that any component of it needs or uses, those without a service of their own included. */
  needs: v.optional(needsSchema),
});

/** How a declared service is asked whether it is ready. */
export const healthCheckSchema = v.object({
  kind: v.picklist(['http', 'tcp']),
  /** For `http`. */
  path: v.optional(v.string()),
  periodMs: v.number(),
  timeoutMs: v.number(),
});

/** `rpc` is what `serve` of `@plumb/rpc/node` speaks: it knows its callers. */
export const protocols = ['http', 'json-rpc', 'tcp', 'rpc'] as const;

export const serviceSchema = v.object({
  /** `APPLICATION-COMPONENT`, such as `tipjar-web`. */
  name: nameSchema,
  application: nameSchema,
  /** The process or chain of the manifest that provides it. */
  component: nameSchema,
  kind: v.picklist(['process', 'chain']),
  protocol: v.picklist(protocols),
  /** As declared; where instances really are, they say. */
  port: v.optional(v.union([portSchema, v.literal('auto')])),
  healthCheck: v.optional(healthCheckSchema),
  /** Where its instances expose Prometheus text, if they do. */
  metricsPath: v.optional(v.string()),
  /** Services that it declared to need, of its own application and of others. */
  needs: needsSchema,
});

/** A CURVE key in Z85, as `generateKeyPair` of `@plumb/rpc/node` makes it. */
export const publicKeySchema = v.pipe(v.string(), v.check(isPublicKey, PUBLIC_KEY_RULE));

/**
 * Why an instance is still listed. `lease`: somebody keeps it alive. `connection`: it joined, and its connection stands.
 * `supervisor`: who runs it says so, and keeps it alive. `nobody`: it was to stay until it is deregistered.
 */
export const keepers = ['lease', 'connection', 'supervisor', 'nobody'] as const;

/** What an instance says of where it is: the part of it that a registration names. */
export const placeEntries = {
  /** An IP address or a host name. */
  address: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
  port: portSchema,
  /** A part of the world, such as a data centre, in which calls are cheap. */
  zone: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(63))),
  tags: v.optional(tagsSchema),
  /** What programs want to know of it: a version, a shard. */
  facts: v.optional(factsSchema),
  /** The key that it proves to hold to whoever connects, where its door is encrypted. */
  publicKey: v.optional(publicKeySchema),
};

export const instanceSchema = v.object({
  id: idSchema,
  service: nameSchema,
  application: nameSchema,
  component: nameSchema,
  host: v.string(),
  ...placeEntries,
  release: v.string(),
  /** Epoch ms. */
  startedAt: v.number(),
  health: healthSchema,
  /** Absent: `lease`. */
  keptBy: v.optional(v.picklist(keepers)),
  /** How long it stays when nobody keeps it alive; absent where nothing but a connection or a person ends it. */
  leaseMs: v.optional(v.number()),
});

export type Health = v.InferOutput<typeof healthSchema>;
export type HealthState = Health['state'];
export type Application = v.InferOutput<typeof applicationSchema>;
export type Service = v.InferOutput<typeof serviceSchema>;
export type Instance = v.InferOutput<typeof instanceSchema>;
export type Keeper = (typeof keepers)[number];
