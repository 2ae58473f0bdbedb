/** What other packages may know of metrics: queries over the time-series database, and boards computed from metadata. */
import type { Client, Contract, Handlers } from '@plumb/rpc';
import * as v from 'valibot';

const labels = v.record(v.string(), v.string());
/** Epoch ms and value; NaN and the infinities are values too, so a value is a number or one of three words. */
const value = v.union([v.number(), v.picklist(['NaN', '+Inf', '-Inf'])]);
const point = v.tuple([v.number(), value]);

export const seriesSchema = v.object({ labels, points: v.array(point) });

/** What an answer should be read with: absent when there is nothing to say. */
const annotations = { warnings: v.optional(v.array(v.string())), infos: v.optional(v.array(v.string())) };

const queryResult = v.variant('kind', [
  v.object({ kind: v.literal('vector'), samples: v.array(v.object({ labels, point })), ...annotations }),
  v.object({ kind: v.literal('matrix'), series: v.array(seriesSchema), ...annotations }),
  v.object({ kind: v.literal('scalar'), point, ...annotations }),
  v.object({ kind: v.literal('string'), at: v.number(), text: v.string(), ...annotations }),
]);

export const metricMetadataSchema = v.object({
  metric: v.string(),
  type: v.picklist(['counter', 'gauge', 'histogram', 'summary', 'unknown']),
  help: v.string(),
  unit: v.string(),
});

/** One graph: what it shows, how its values read, and the queries. Drawing is the console's part. */
export const panelSchema = v.object({
  id: v.string(),
  title: v.string(),
  help: v.optional(v.string()),
  unit: v.picklist(['none', 'seconds', 'bytes', 'bytes-per-second', 'per-second', 'ratio', 'cores', 'count']),
  /** Drawn as areas on top of each other. */
  stacked: v.optional(v.boolean()),
  queries: v.array(v.object({ query: v.string(), /** With `{{label}}` for a label's value. */ legend: v.string() })),
});
export const boardSchema = v.object({
  title: v.string(),
  groups: v.array(v.object({ title: v.string(), panels: v.array(panelSchema) })),
});

export const targetSchema = v.object({
  job: v.string(),
  instance: v.string(),
  labels,
  up: v.boolean(),
  lastScrapeAt: v.optional(v.number()),
  lastError: v.optional(v.string()),
  sampleCount: v.optional(v.number()),
});

const queryText = v.pipe(v.string(), v.minLength(1), v.maxLength(16_384));
/** Epoch ms. */
const time = v.number();
const match = v.array(v.pipe(v.string(), v.maxLength(4_096)));
const range = { startAt: v.optional(time), endAt: v.optional(time) };

export const metricsContract = {
  /** @throws OperatingError `invalid` with the position of the fault in `details`, `exhausted` beyond a limit. */
  query: {
    summary: 'Evaluate a PromQL expression at one time.',
    input: v.object({ query: queryText, at: v.optional(time) }),
    output: queryResult,
    scope: 'metrics:read',
    idempotent: 'read',
  },
  /** At most `RANGE_POINTS_MAX` steps. */
  queryRange: {
    summary: 'Evaluate a PromQL expression at each step of a range.',
    input: v.object({ query: queryText, startAt: time, endAt: time, stepMs: v.pipe(v.number(), v.minValue(1)) }),
    output: v.object({ series: v.array(seriesSchema), ...annotations }),
    scope: 'metrics:read',
    idempotent: 'read',
  },
  /**
   * A graph that keeps itself: the range up to now, then the points of each further step as they come due, for ever.
   * Steps are aligned to multiples of `stepMs`. `append` may name series that were not there before.
   */
  live: {
    summary: 'Draw a graph that keeps itself: a range up to now, then each further step.',
    input: v.object({
      query: queryText,
      windowMs: v.pipe(v.number(), v.minValue(1_000), v.maxValue(7 * 86_400_000)),
      stepMs: v.pipe(v.number(), v.minValue(1_000)),
    }),
    output: v.object({ kind: v.picklist(['snapshot', 'append']), series: v.array(seriesSchema), endAt: time }),
    stream: true,
    scope: 'metrics:read',
  },
  series: {
    summary: 'List the series that match.',
    input: v.object({ match, ...range }),
    output: v.array(labels),
    scope: 'metrics:read',
    idempotent: 'read',
  },
  labels: {
    summary: 'List the names of labels.',
    input: v.object({ match: v.optional(match), ...range }),
    output: v.array(v.string()),
    scope: 'metrics:read',
    idempotent: 'read',
  },
  labelValues: {
    summary: 'List the values of one label.',
    input: v.object({ label: v.string(), match: v.optional(match), ...range }),
    output: v.array(v.string()),
    scope: 'metrics:read',
    idempotent: 'read',
  },
  metadata: {
    summary: 'Tell the type, unit and help of metrics.',
    input: v.object({ metric: v.optional(v.string()) }),
    output: v.array(metricMetadataSchema),
    scope: 'metrics:read',
    idempotent: 'read',
  },
  /** The standard board of a service, or of the host (`job: "host"`): computed from what its metrics say of themselves. */
  board: {
    summary: 'Compute the standard board of a job.',
    input: v.object({ job: v.string() }),
    output: boardSchema,
    scope: 'metrics:read',
    idempotent: 'read',
  },
  targets: {
    summary: 'List what is scraped, and how the last scrape went.',
    input: v.object({}),
    output: v.array(targetSchema),
    scope: 'metrics:read',
    idempotent: 'read',
  },
} as const satisfies Contract;

export type Board = v.InferOutput<typeof boardSchema>;
export type Panel = v.InferOutput<typeof panelSchema>;
export type MetricMetadata = v.InferOutput<typeof metricMetadataSchema>;
export type Series = v.InferOutput<typeof seriesSchema>;
export type QueryResult = v.InferOutput<typeof queryResult>;
export type Target = v.InferOutput<typeof targetSchema>;
export type MetricsClient = Client<typeof metricsContract>;
export type MetricsHandlers = Handlers<typeof metricsContract>;
