/** What other packages may know of the dictionary: what is declared, what is observed, who uses what. */
import { configValueSchema, coordinatesSchema } from '@plumb/config/feed';
import { type Client, type Contract, type Handlers, shareable, unchecked } from '@plumb/rpc';
import * as v from 'valibot';
import {
  applicationSchema,
  healthSchema,
  idSchema,
  instanceSchema,
  nameSchema,
  placeEntries,
  serviceSchema,
} from './dictionary-schemas.ts';
import { callerReportSchema, driftSchema, REPORT_CALLERS_MAX, usageSchema } from './evidence-schemas.ts';

const revision = v.object({ revision: v.number() });
const application = v.optional(nameSchema);

/** What a program needs to begin its work. */
const briefingEntries = {
  /**
   * The values in force of its application where it is, of one revision, with the secrets that are for the caller; absent
   * where the caller may not read them.
   */
  config: v.optional(v.object({ revision: v.number(), values: v.record(v.string(), configValueSchema) })),
  /** The ready instances of each service that it declared to need, with their keys: at most `PEER_INSTANCES_MAX` of each. */
  peers: v.array(v.object({ service: nameSchema, instances: v.array(instanceSchema) })),
};

const registrationEntries = {
  service: nameSchema,
  ...placeEntries,
  instanceId: v.optional(idSchema),
  host: v.optional(idSchema),
  release: v.optional(v.string()),
  health: v.optional(healthSchema),
  /** The application of a service that nobody declared; without it, such a service is refused. */
  application,
  /** Where the instance is, for its configuration. */
  coordinates: v.optional(coordinatesSchema),
};

const registered = v.object({
  instanceId: v.string(),
  /** Absent where nothing but a connection, or a person, ends it. */
  leaseMs: v.optional(v.number()),
  ...briefingEntries,
});

const resolved = v.object({ revision: v.number(), instances: v.array(instanceSchema) });

const dictionaryPart = {
  revision: v.number(),
  applications: v.array(applicationSchema),
  services: v.array(serviceSchema),
  instances: v.array(instanceSchema),
};
const snapshot = v.object({ kind: v.literal('snapshot'), ...dictionaryPart });
/** What was put; and what was removed, by name (applications, services) or id (instances). */
const change = v.object({
  kind: v.literal('change'),
  ...dictionaryPart,
  removed: v.object({
    applications: v.array(v.string()),
    services: v.array(v.string()),
    instances: v.array(v.string()),
  }),
});

const instancesSnapshot = v.object({
  kind: v.literal('snapshot'),
  revision: v.number(),
  instances: v.array(instanceSchema),
});
/** What was put; and the ids of those that left, or are not ready any more where only those are asked for. */
const instancesChange = v.object({
  kind: v.literal('change'),
  revision: v.number(),
  instances: v.array(instanceSchema),
  removed: v.array(v.string()),
});

export const registryContract = {
  /** Replaces what is declared of one application, in one transaction. Services that are no longer named go. */
  declare: {
    summary: 'Replace what is declared of one application.',
    input: v.object({ application: applicationSchema, services: v.array(serviceSchema) }),
    output: revision,
    scope: 'registry:write',
  },
  /** Removes an application with its services and instances. Safe to call twice. */
  withdraw: {
    summary: 'Remove an application with its services and instances.',
    input: v.object({ application: nameSchema }),
    output: revision,
    scope: 'registry:write',
  },
  applications: {
    summary: 'List the applications that are declared.',
    input: v.object({}),
    output: v.array(applicationSchema),
    scope: 'registry:read',
    idempotent: 'read',
  },
  services: {
    summary: 'List the services that are declared.',
    input: v.object({ application }),
    output: v.array(serviceSchema),
    scope: 'registry:read',
    idempotent: 'read',
  },
  environments: {
    summary: 'List the environments that applications know, and who is deployed in them.',
    input: v.object({}),
    output: v.array(v.object({ name: v.string(), knownBy: v.array(nameSchema), deployed: v.array(nameSchema) })),
    scope: 'registry:read',
    idempotent: 'read',
  },
  /**
   * Announces a live copy of a service. It leaves by itself when it is not kept alive for `ttlMs` (1 s to 5 min, default
   * 10 s), unless it is `keptBy: 'nobody'`, which asks for the scope `registry:write`. Registering an id again replaces it,
   * except that an instance that joined speaks for itself (`join`).
   * @throws OperatingError `not-found` when the service is not declared and no `application` is named.
   */
  register: {
    summary: 'Announce a live copy of a service; answers with its configuration and peers.',
    input: v.object({
      ...registrationEntries,
      keptBy: v.optional(v.picklist(['lease', 'supervisor', 'nobody'])),
      ttlMs: v.optional(v.pipe(v.number(), v.minValue(1_000), v.maxValue(300_000))),
    }),
    output: unchecked(registered),
    scope: 'registry:register',
  },
  /**
   * As `register`, for a program that announces itself: the stream gives one item, the answer of `register`, and stays
   * open. The instance stays for as long as the connection stands, however busy its program is, and `TIE_GRACE_MS` longer,
   * in which it may join again. What it says of its address and key counts, whoever else registered the same id; it is
   * ready when all who tell of its health say so.
   */
  join: {
    summary: 'Announce oneself, for as long as the connection stands.',
    input: v.object(registrationEntries),
    output: unchecked(registered),
    stream: true,
    scope: 'registry:register',
  },
  /** What `register` answers, for a program that offers no service. */
  briefing: {
    summary: 'Give the configuration and the peers of an application.',
    input: v.object({
      application: nameSchema,
      component: application,
      coordinates: v.optional(coordinatesSchema),
    }),
    output: unchecked(v.object(briefingEntries)),
    scope: 'registry:read',
    idempotent: 'read',
  },
  /** @throws OperatingError `not-found` when the instance has left: register again. */
  keepAlive: {
    summary: 'Tell that an instance is still there.',
    input: v.object({ instanceId: idSchema }),
    output: v.object({}),
    scope: 'registry:register',
    idempotent: true,
  },
  /** @throws OperatingError `not-found` when the instance has left. */
  reportHealth: {
    summary: 'Tell how an instance is.',
    input: v.object({ instanceId: idSchema, health: healthSchema }),
    output: v.object({}),
    scope: 'registry:register',
  },
  /** Safe to call twice. */
  deregister: {
    summary: 'Tell that an instance has left.',
    input: v.object({ instanceId: idSchema }),
    output: v.object({}),
    scope: 'registry:register',
  },
  /**
   * The ready instances of a service (all of them with `includeUnready`): first those on the host of who asks, then those
   * in its zone, then the others, each oldest first. Who asks is where `near` says, or else where the instance that calls is.
   * `revision` is that of the last change of the service, or of one of its instances.
   * @throws OperatingError `not-found` when the service is neither declared nor seen; the message names the nearest that is.
   */
  resolve: {
    summary: 'Tell where a service can be reached now.',
    input: v.object({
      service: nameSchema,
      includeUnready: v.optional(v.boolean()),
      near: v.optional(v.object({ host: v.optional(idSchema), zone: placeEntries.zone })),
    }),
    output: shareable(resolved),
    scope: 'registry:read',
    idempotent: 'read',
  },
  /** Everything, or one application's part: a snapshot, then each change. A snapshot may come again and replaces all. */
  watch: {
    summary: 'Follow the dictionary: all of it, then each change.',
    input: v.object({ application }),
    output: shareable(v.variant('kind', [snapshot, change])),
    stream: true,
    scope: 'registry:read',
  },
  /**
   * What `resolve` would answer, in no order: a snapshot, then each change. A snapshot may come again and replaces all.
   * @throws OperatingError `not-found` as `resolve`, also when the service is withdrawn.
   */
  watchService: {
    summary: 'Follow the instances of one service: all of them, then each change.',
    input: v.object({ service: nameSchema, includeUnready: v.optional(v.boolean()) }),
    output: unchecked(v.variant('kind', [instancesSnapshot, instancesChange])),
    stream: true,
    scope: 'registry:read',
  },
  /** What a server of `service` saw: calls by caller. Added to what is known. */
  reportCallers: {
    summary: 'Tell who called a service.',
    input: v.object({
      service: nameSchema,
      callers: v.pipe(v.array(callerReportSchema), v.maxLength(REPORT_CALLERS_MAX)),
    }),
    output: v.object({}),
    scope: 'registry:register',
  },
  /** Of one service, by one application, or of everything: by service, the user seen last first. */
  usedBy: {
    summary: 'Tell who declared to need a service, who called it, and when last.',
    input: v.object({ service: v.optional(nameSchema), application }),
    output: v.array(usageSchema),
    scope: 'registry:read',
    idempotent: 'read',
  },
  /** Where what is declared and what is observed part, of one application or of all: by kind and service. */
  drift: {
    summary: 'Tell where what is declared and what is seen part.',
    input: v.object({ application }),
    output: v.array(driftSchema),
    scope: 'registry:read',
    idempotent: 'read',
  },
  /** What `drift` would answer: the whole of it, and again whenever it is different. */
  watchDrift: {
    summary: 'Follow where what is declared and what is seen part.',
    input: v.object({ application }),
    output: v.object({ drift: v.array(driftSchema) }),
    stream: true,
    scope: 'registry:read',
  },
} as const satisfies Contract;

export type RegistryEvent = v.InferOutput<typeof registryContract.watch.output>;
export type ServiceEvent = v.InferOutput<typeof registryContract.watchService.output>;
export type Registration = v.InferOutput<typeof registryContract.register.input>;
export type Resolved = v.InferOutput<typeof resolved>;
export type Registered = v.InferOutput<typeof registered>;
export type Briefing = v.InferOutput<typeof registryContract.briefing.output>;
export type RegistryClient = Client<typeof registryContract>;
export type RegistryHandlers = Handlers<typeof registryContract>;

/** The service name of an application's component. */
export function serviceName(application: string, component: string): string {
  return `${application}-${component}`;
}
