/** The service `rpc`, which every dispatcher offers: what else can be called there, and how that goes. */
import * as v from 'valibot';
import type { Client, Contract } from './contract.ts';

const jsonSchema = v.record(v.string(), v.unknown());

const description = v.object({
  /** `SERVICE.METHOD`. */
  method: v.string(),
  /** One line for people. */
  summary: v.optional(v.string()),
  /** What it answers with. `unknown`: an ordinary function of a plain object, which shows it when it is called. */
  kind: v.picklist(['unary', 'stream', 'unknown']),
  /** What its input may hold besides data. Absent where only data is asked for, and for plain objects. */
  takes: v.optional(v.array(v.picklist(['function', 'stream']))),
  /** What its contract asks a caller to hold. */
  scope: v.optional(v.string()),
  idempotent: v.optional(v.boolean()),
  /** Of the one value that is its input; absent for a function of a plain object, whose input is a list of arguments. */
  input: v.optional(jsonSchema),
  /** Of the answer, or of each item of a stream. */
  output: v.optional(jsonSchema),
  /** How many arguments a function of a plain object names, those with a default and the rest not counted. */
  arity: v.optional(v.number()),
});

const callable = v.object({
  ...description.entries,
  /** Whether whoever asks may call it. */
  allowed: v.boolean(),
});

const stats = v.object({
  method: v.string(),
  started: v.number(),
  inFlight: v.number(),
  ended: v.record(v.string(), v.number()),
  items: v.number(),
  durations: v.object({ counts: v.array(v.number()), sumSeconds: v.number() }),
});

/** The name that it has on the wire. */
export const RPC_SERVICE = 'rpc';

export const rpcContract = {
  /**
   * Every method, or those of one service, or one alone, sorted by name. `dialect` is that of the JSON Schemas.
   * @throws OperatingError `not-found` with the nearest name.
   */
  describe: {
    input: v.object({ service: v.optional(v.string()), method: v.optional(v.string()) }),
    output: v.object({ dialect: v.string(), methods: v.array(callable) }),
    idempotent: true,
    summary: 'List what can be called, with schemas and what a caller must hold.',
  },
  /** Since the start; `boundsSeconds` are those of the buckets that durations are counted in. Methods never called are left out. */
  stats: {
    input: v.object({ service: v.optional(v.string()) }),
    output: v.object({ boundsSeconds: v.array(v.number()), methods: v.array(stats) }),
    idempotent: true,
    scope: 'rpc:read',
    summary: 'Count calls, how they ended and how long they took, by method.',
  },
} as const satisfies Contract;

export type RpcClient = Client<typeof rpcContract>;
export type StatsOutput = v.InferOutput<typeof stats>;
export type MethodDescription = v.InferOutput<typeof description>;
/** What `rpc.describe` says of one method to the caller who asks. */
export type CallableDescription = v.InferOutput<typeof callable>;
