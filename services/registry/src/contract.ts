/** What other packages may know of the dictionary: applications and services as declared, instances as observed. */
import { isName, NAME_RULE } from '@plumb/base';
import type { Client, Contract, Handlers } from '@plumb/rpc';
import * as v from 'valibot';

/** A name of an application, process or chain: a DNS label, so that every name can be looked up. */
export const nameSchema = v.pipe(v.string(), v.check(isName, NAME_RULE));

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

export const healthSchema = v.object({
  state: v.picklist(healthStates),
  /** Why, for a person; absent when ready. */
  reason: v.optional(v.string()),
  /** Epoch ms at which the state was entered. */
  sinceAt: v.number(),
});

export const applicationSchema = v.object({
  name: nameSchema,
  description: v.optional(v.string()),
  environment: v.string(),
  release: v.string(),
  /** Epoch ms. */
  declaredAt: v.number(),
});

export const serviceSchema = v.object({
  /** `APPLICATION-COMPONENT`, such as `tipjar-web`. */
  name: nameSchema,
  application: nameSchema,
  /** The process or chain of the manifest that provides it. */
  component: nameSchema,
  kind: v.picklist(['process', 'chain']),
  protocol: v.picklist(['http', 'json-rpc', 'tcp']),
  /** Where its instances expose Prometheus text, if they do. */
  metricsPath: v.optional(v.string()),
  /** Services that it declared to need. */
  needs: v.array(nameSchema),
});

/** A CURVE key in Z85, as `generateKeyPair` of `@plumb/rpc/node` makes it. */
const publicKeySchema = v.pipe(
  v.string(),
  v.regex(/^[0-9a-zA-Z.\-:+=^!/*?&<>()[\]{}@%$#]{40}$/, 'a public key: 40 characters of Z85'),
);

export const instanceSchema = v.object({
  id: v.string(),
  service: nameSchema,
  application: nameSchema,
  component: nameSchema,
  host: v.string(),
  address: v.string(),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  release: v.string(),
  /** Epoch ms. */
  startedAt: v.number(),
  health: healthSchema,
  /** The key that it proves to hold to whoever connects, where its door is encrypted. */
  publicKey: v.optional(publicKeySchema),
});

const registered = v.object({ instanceId: v.string(), leaseMs: v.number() });

const snapshot = v.object({
  kind: v.literal('snapshot'),
  revision: v.number(),
  applications: v.array(applicationSchema),
  services: v.array(serviceSchema),
  instances: v.array(instanceSchema),
});
/** What was put; and what was removed, by name (applications, services) or id (instances). */
const change = v.object({
  kind: v.literal('change'),
  revision: v.number(),
  applications: v.array(applicationSchema),
  services: v.array(serviceSchema),
  instances: v.array(instanceSchema),
  removed: v.object({
    applications: v.array(v.string()),
    services: v.array(v.string()),
    instances: v.array(v.string()),
  }),
});

export const registryContract = {
  /** Replaces what is declared of one application, in one transaction. Services that are no longer named go. */
  declare: {
    summary: 'Replace what is declared of one application.',
    input: v.object({ application: applicationSchema, services: v.array(serviceSchema) }),
    output: v.object({ revision: v.number() }),
    scope: 'registry:write',
  },
  /** Removes an application with its services and instances. Safe to call twice. */
  withdraw: {
    summary: 'Remove an application with its services and instances.',
    input: v.object({ application: nameSchema }),
    output: v.object({ revision: v.number() }),
    scope: 'registry:write',
  },
  applications: {
    summary: 'List the applications that are declared.',
    input: v.object({}),
    output: v.array(applicationSchema),
    scope: 'registry:read',
  },
  services: {
    summary: 'List the services that are declared.',
    input: v.object({ application: v.optional(nameSchema) }),
    output: v.array(serviceSchema),
    scope: 'registry:read',
  },
  /**
   * Announces a live copy of a declared service. It leaves by itself when it is not kept alive for `ttlMs` (1 s to
   * 5 min, default 10 s). Registering an id again replaces it.
   * @throws OperatingError `not-found` when the service is not declared.
   */
  register: {
    summary: 'Announce a live copy of a service.',
    input: v.object({
      service: nameSchema,
      address: v.string(),
      port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
      instanceId: v.optional(v.string()),
      host: v.optional(v.string()),
      release: v.optional(v.string()),
      health: v.optional(healthSchema),
      publicKey: v.optional(publicKeySchema),
      ttlMs: v.optional(v.pipe(v.number(), v.minValue(1_000), v.maxValue(300_000))),
    }),
    output: registered,
    scope: 'registry:register',
  },
  /** @throws OperatingError `not-found` when the instance has left: register again. */
  keepAlive: {
    summary: 'Tell that an instance is still there.',
    input: v.object({ instanceId: v.string() }),
    output: v.object({}),
    scope: 'registry:register',
  },
  /** @throws OperatingError `not-found` when the instance has left. */
  reportHealth: {
    summary: 'Tell how an instance is.',
    input: v.object({ instanceId: v.string(), health: healthSchema }),
    output: v.object({}),
    scope: 'registry:register',
  },
  /** Safe to call twice. */
  deregister: {
    summary: 'Tell that an instance has left.',
    input: v.object({ instanceId: v.string() }),
    output: v.object({}),
    scope: 'registry:register',
  },
  /**
   * The ready instances of a service (all of them with `includeUnready`), oldest first.
   * @throws OperatingError `not-found` when the service is not declared; the message names the nearest that is.
   */
  resolve: {
    summary: 'Tell where a service can be reached now.',
    input: v.object({ service: nameSchema, includeUnready: v.optional(v.boolean()) }),
    output: v.object({ revision: v.number(), instances: v.array(instanceSchema) }),
    scope: 'registry:read',
  },
  /** Everything, or one application's part: a snapshot, then each change. A snapshot may come again and replaces all. */
  watch: {
    summary: 'Follow the dictionary: all of it, then each change.',
    input: v.object({ application: v.optional(nameSchema) }),
    output: v.variant('kind', [snapshot, change]),
    stream: true,
    scope: 'registry:read',
  },
} as const satisfies Contract;

export type Health = v.InferOutput<typeof healthSchema>;
export type HealthState = Health['state'];
export type Application = v.InferOutput<typeof applicationSchema>;
export type Service = v.InferOutput<typeof serviceSchema>;
export type Instance = v.InferOutput<typeof instanceSchema>;
export type RegistryEvent = v.InferOutput<typeof registryContract.watch.output>;
export type RegistryClient = Client<typeof registryContract>;
export type RegistryHandlers = Handlers<typeof registryContract>;

/** The service name of an application's component. */
export function serviceName(application: string, component: string): string {
  return `${application}-${component}`;
}
