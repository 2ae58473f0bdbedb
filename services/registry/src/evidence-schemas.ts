/** Who uses what, and where what is declared and what is seen part. Safe in a browser. */
import * as v from 'valibot';
import { idSchema, nameSchema } from './dictionary-schemas.ts';

/** Callers in one report; more wait for the next. */
export const REPORT_CALLERS_MAX = 256;
/** Callers that are named of one use: those seen last. */
export const CALLERS_NAMED_MAX = 8;

/** From the strongest to the weakest: a call was made; a need is declared; the address was asked for. */
export const usageKinds = ['called', 'declared', 'looked-up'] as const;

/** Epoch ms of the first and the last time, and how often. Whole since the service is known; not lost by a restart. */
const sightingSchema = v.object({ firstAt: v.number(), lastAt: v.number(), count: v.number() });

/** One user of one service. */
export const usageSchema = v.object({
  service: nameSchema,
  /** The application that uses it; absent for a caller that belongs to none, such as a person or a token. */
  application: v.optional(nameSchema),
  /** The id of a caller that belongs to no application. */
  caller: v.optional(idSchema),
  kinds: v.array(v.picklist(usageKinds)),
  /** When its application was declared last, where the need is declared. */
  declaredAt: v.optional(v.number()),
  called: v.optional(sightingSchema),
  lookedUp: v.optional(sightingSchema),
  /** The ids of its callers that were seen last, latest first. */
  callers: v.array(idSchema),
  /** Over all kinds. */
  firstAt: v.number(),
  lastAt: v.number(),
  /** Calls. */
  count: v.number(),
});

export const driftKinds = ['never-seen', 'not-declared', 'undeclared-call', 'never-called'] as const;

/**
 * `never-seen`: a service is declared, and no instance of it was ever there. `not-declared`: instances are there of a
 * service that nobody declares. `undeclared-call`: `application` calls a service of another, and does not declare it.
 * `never-called`: `application` declares to need a service of another, and calls of it are seen, but none of its own.
 */
export const driftSchema = v.object({
  kind: v.picklist(driftKinds),
  service: nameSchema,
  /** Who declared the service, or the need of it, or who calls it. */
  application: v.optional(nameSchema),
  /** Epoch ms. */
  sinceAt: v.number(),
  /** A sentence for a person. */
  text: v.string(),
});

/** Calls of one caller since the report before. */
export const callerReportSchema = v.object({
  caller: idSchema,
  application: v.optional(nameSchema),
  count: v.pipe(v.number(), v.integer(), v.minValue(1)),
});

export type Usage = v.InferOutput<typeof usageSchema>;
export type UsageKind = (typeof usageKinds)[number];
export type Drift = v.InferOutput<typeof driftSchema>;
export type DriftKind = Drift['kind'];
export type CallerReport = v.InferOutput<typeof callerReportSchema>;
