/** What other packages may know of deployment: plans as data, what runs, and what it says. */
import { healthSchema, nameSchema } from '@plumb/registry';
import type { Client, Contract, Handlers } from '@plumb/rpc';
import * as v from 'valibot';

/** A step of a plan: what is done to what, and why. `unit` is `APPLICATION/COMPONENT`. */
export const planStepSchema = v.variant('kind', [
  v.object({ kind: v.literal('declare'), application: nameSchema, services: v.array(v.string()) }),
  v.object({ kind: v.literal('provision'), application: nameSchema, keys: v.array(v.string()) }),
  v.object({
    kind: v.literal('start'),
    unit: v.string(),
    command: v.array(v.string()),
    port: v.optional(v.union([v.number(), v.literal('auto')])),
    needs: v.array(v.string()),
    reason: v.string(),
  }),
  v.object({ kind: v.literal('restart'), unit: v.string(), reason: v.string() }),
  v.object({ kind: v.literal('stop'), unit: v.string(), reason: v.string() }),
  v.object({ kind: v.literal('keep'), unit: v.string() }),
]);

export const planSchema = v.object({
  application: nameSchema,
  environment: v.string(),
  target: v.literal('process'),
  release: v.string(),
  previousRelease: v.optional(v.string()),
  steps: v.array(planStepSchema),
});

/** What the supervisor does with a unit at the moment. `crashed`: the crash-loop budget is spent, a person must look. */
export const unitStates = ['waiting', 'starting', 'running', 'backoff', 'stopping', 'stopped', 'crashed'] as const;

/** Facts of a chain node at its last probe. */
export const chainFactsSchema = v.object({
  kind: v.string(),
  network: v.string(),
  height: v.optional(v.number()),
  headAgeMs: v.optional(v.number()),
  chainId: v.optional(v.number()),
  peers: v.optional(v.number()),
});

export const unitStatusSchema = v.object({
  /** `APPLICATION/COMPONENT`. */
  unit: v.string(),
  application: nameSchema,
  component: nameSchema,
  kind: v.picklist(['process', 'chain']),
  state: v.picklist(unitStates),
  health: healthSchema,
  instanceId: v.optional(v.string()),
  pid: v.optional(v.number()),
  port: v.optional(v.number()),
  url: v.optional(v.string()),
  release: v.string(),
  /** Units that it needs: while one of them is not ready, this one's trouble is its. */
  needs: v.optional(v.array(v.string())),
  /** Epoch ms of the present copy's start. */
  startedAt: v.optional(v.number()),
  /** Restarts that Plumb did by itself: in the crash-loop window, and since the deploy. */
  restartsRecent: v.number(),
  restartsTotal: v.number(),
  lastExit: v.optional(v.object({ code: v.nullable(v.number()), signal: v.nullable(v.string()), at: v.number() })),
  chain: v.optional(chainFactsSchema),
});

export const applicationStatusSchema = v.object({
  name: nameSchema,
  description: v.optional(v.string()),
  environment: v.string(),
  release: v.string(),
  directory: v.string(),
  /** Epoch ms. */
  deployedAt: v.number(),
  units: v.array(unitStatusSchema),
});

/** `directory` is an absolute path on the host with the manifest `plumb.yaml`; `manifest` may name another file in it. */
const source = v.object({
  directory: v.string(),
  manifest: v.optional(v.string()),
  environment: v.optional(v.string()),
});

const progress = v.variant('kind', [
  v.object({ kind: v.literal('plan'), plan: planSchema }),
  v.object({
    kind: v.literal('step'),
    index: v.number(),
    state: v.picklist(['started', 'done']),
    message: v.optional(v.string()),
  }),
  /** How a unit is that is waited for: each time that this differs, the last time as `ready` unless all are. */
  v.object({ kind: v.literal('waiting'), unit: v.string(), health: healthSchema }),
  v.object({ kind: v.literal('done'), status: applicationStatusSchema }),
]);

export const logLineSchema = v.object({
  /** Epoch ms at which the line was read. */
  at: v.number(),
  unit: v.string(),
  /** `plumb` marks what Plumb says of the unit: started, exited, restarted. */
  stream: v.picklist(['stdout', 'stderr', 'plumb']),
  line: v.string(),
});

const unitInput = v.object({ application: nameSchema, component: nameSchema });

export const deployContract = {
  /**
   * Computes what a deploy would do, and does nothing. It reads files of the host that the caller names, as Plumb's own
   * user, so it is for those who may deploy.
   * @throws OperatingError `invalid` with the manifest's faults in `details.faults`.
   */
  plan: {
    summary: 'Compute what a deploy would do, and do nothing.',
    input: source,
    output: planSchema,
    scope: 'deploy:write',
    idempotent: true,
  },
  /**
   * Plans, then applies, then waits until every unit is ready. Ends after `done`, or throws `unavailable` with the
   * unit that did not get ready and the last lines that it printed; what was started is kept and goes on being healed.
   * Nothing is applied when the manifest has a fault.
   */
  deploy: {
    summary: 'Bring what runs in line with plumb.yaml, and wait until it is ready.',
    input: source,
    output: progress,
    stream: true,
    scope: 'deploy:write',
  },
  status: {
    summary: 'Tell what runs and how it is.',
    input: v.object({ application: v.optional(nameSchema) }),
    output: v.array(applicationStatusSchema),
    scope: 'deploy:read',
    idempotent: 'read',
  },
  watch: {
    summary: 'Follow what runs: all of it, then each change.',
    input: v.object({ application: v.optional(nameSchema) }),
    output: v.variant('kind', [
      v.object({ kind: v.literal('snapshot'), applications: v.array(applicationStatusSchema) }),
      v.object({ kind: v.literal('change'), application: applicationStatusSchema }),
      v.object({ kind: v.literal('removed'), name: v.string() }),
    ]),
    stream: true,
    scope: 'deploy:read',
  },
  /** The last `tail` lines (default 100, at most 5,000) in order of time, then, with `follow`, each further one. */
  logs: {
    summary: 'Read what units write, and follow it.',
    input: v.object({
      application: nameSchema,
      component: v.optional(nameSchema),
      tail: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(5_000))),
      follow: v.optional(v.boolean()),
    }),
    output: logLineSchema,
    stream: true,
    scope: 'deploy:read',
  },
  /** Stops gracefully and starts again; also the way back from `crashed`. */
  restart: {
    summary: 'Stop a unit gracefully and start it again; also after a crash loop.',
    input: unitInput,
    output: v.object({}),
    scope: 'deploy:write',
  },
  stop: {
    summary: 'Stop a unit until it is restarted or deployed again.',
    input: unitInput,
    output: v.object({}),
    scope: 'deploy:write',
  },
  /** SIGKILL to the unit's process group, as a failure would: the unit is then healed like after any crash. */
  kill: {
    summary: 'Kill a unit as a failure would, so that it is healed.',
    input: unitInput,
    output: v.object({}),
    scope: 'deploy:write',
  },
  /** Stops an application's units and removes it. Its configuration and history stay. */
  remove: {
    summary: 'Stop an application and remove it; its configuration and history stay.',
    input: v.object({ application: nameSchema }),
    output: v.object({}),
    scope: 'deploy:write',
  },
} as const satisfies Contract;

export type Plan = v.InferOutput<typeof planSchema>;
export type PlanStep = v.InferOutput<typeof planStepSchema>;
export type UnitState = (typeof unitStates)[number];
export type UnitStatus = v.InferOutput<typeof unitStatusSchema>;
export type ChainFacts = v.InferOutput<typeof chainFactsSchema>;
export type ApplicationStatus = v.InferOutput<typeof applicationStatusSchema>;
export type DeployProgress = v.InferOutput<typeof progress>;
export type DeployEvent = v.InferOutput<typeof deployContract.watch.output>;
export type LogLine = v.InferOutput<typeof logLineSchema>;
export type DeployClient = Client<typeof deployContract>;
export type DeployHandlers = Handlers<typeof deployContract>;
