/**
 * The Prometheus HTTP API v1 over the handlers of metrics, for Grafana and whoever else speaks it: paths, parameters, shapes,
 * error types and status codes are Prometheus'. A pure function from a request to an answer; sockets, sign-in and scopes are
 * the caller's part. https://prometheus.io/docs/prometheus/latest/querying/api/
 */
import { describeError, isErrorCode, OperatingError, parseDuration } from '@plumb/base';
import type { Call } from '@plumb/rpc';
import type { MetricsHandlers, QueryResult, Series, Target } from './contract.ts';
import { formatValue } from './exposition-text.ts';

export type PrometheusRequest = {
  readonly method: string;
  /** After `/prometheus/api/v1`, such as `/query`. */
  readonly path: string;
  /** Of the query, and of a form body. */
  readonly params: URLSearchParams;
  readonly signal?: AbortSignal | undefined;
};

/** `body` is JSON to be. */
export type PrometheusAnswer = { readonly status: number; readonly body: unknown };
export type PrometheusApi = (request: PrometheusRequest) => Promise<PrometheusAnswer>;

/** Steps of one range query, as in Prometheus. */
const STEPS_MAX = 11_000;
/** The Prometheus whose API and language this speaks; Grafana chooses its features by it. */
const PROMETHEUS_VERSION = '3.0.0';

type ErrorType = 'bad_data' | 'execution' | 'timeout' | 'unavailable' | 'internal' | 'not_found';

const ERROR_STATUS: Readonly<Record<ErrorType, number>> = {
  bad_data: 400,
  execution: 422,
  timeout: 503,
  unavailable: 503,
  internal: 500,
  not_found: 404,
};

/** Never rejects: what goes wrong is an answer. */
export function prometheusApi(handlers: MetricsHandlers): PrometheusApi {
  return async ({ method, path, params, signal = new AbortController().signal }) => {
    try {
      if (method !== 'GET' && method !== 'POST') throw badData(`the method ${method} is not known: use GET or POST`);
      const call: Call = { caller: { id: 'prometheus-api', scopes: ['metrics:read'] }, signal };
      const { data, isTruncated = false, annotations = {} } = await answer(handlers, path, params, call);
      const warnings = isTruncated ? { warnings: ['results truncated due to limit'] } : {};
      return { status: 200, body: { status: 'success', data, ...annotations, ...warnings } };
    } catch (error) {
      const type = errorTypeOf(error);
      const text =
        error instanceof OperatingError ? describeError(error) : 'something went wrong inside; the log has the details';
      return { status: ERROR_STATUS[type], body: { status: 'error', errorType: type, error: text } };
    }
  };
}

type Data = { readonly data: unknown; readonly isTruncated?: boolean; readonly annotations?: Annotations };
type Annotations = { readonly warnings?: string[]; readonly infos?: string[] };

async function answer(handlers: MetricsHandlers, path: string, params: URLSearchParams, call: Call): Promise<Data> {
  const labelName = /^\/label\/([^/]+)\/values$/.exec(path)?.[1];
  if (labelName !== undefined) {
    const label = decodeURIComponent(labelName);
    if (!/^[a-zA-Z_]\w*$/.test(label)) throw badData(`invalid label name: "${label}"`);
    return limited(params, await handlers.labelValues({ label, ...selectionOf(params) }, call));
  }
  switch (path) {
    case '/query': {
      const at = optionalTime(params, 'time');
      const query = required(params, 'query');
      const result = await handlers.query(at === undefined ? { query } : { query, at }, call);
      return { data: dataOf(result), annotations: annotationsOf(result) };
    }
    case '/query_range':
      return queryRange(handlers, params, call);
    case '/series':
      if (!params.has('match[]')) throw badData('no match[] parameter provided');
      return limited(params, await handlers.series({ match: [], ...selectionOf(params) }, call));
    case '/labels':
      return limited(params, await handlers.labels(selectionOf(params), call));
    case '/metadata':
      return metadata(handlers, params, call);
    case '/targets':
      return { data: targetsOf(await handlers.targets({}, call), params.get('state') ?? 'any') };
    case '/status/buildinfo':
      return {
        data: {
          version: PROMETHEUS_VERSION,
          revision: '',
          branch: '',
          buildUser: '',
          buildDate: '',
          goVersion: '',
          application: 'Plumb',
        },
      };
    default:
      throw new OperatingError('not-found', `there is no ${path} here`);
  }
}

async function queryRange(handlers: MetricsHandlers, params: URLSearchParams, call: Call): Promise<Data> {
  const query = required(params, 'query');
  const startAt = parseTime('start', required(params, 'start'));
  const endAt = parseTime('end', required(params, 'end'));
  const stepMs = parseStep(required(params, 'step'));
  if (endAt < startAt) throw badData('invalid parameter "end": end timestamp must not be before start time');
  if (stepMs <= 0)
    throw badData(
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  if ((endAt - startAt) / stepMs > STEPS_MAX) {
    throw badData(
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  }
  const result = await handlers.queryRange({ query, startAt, endAt, stepMs }, call);
  const data = { resultType: 'matrix', result: result.series.map(seriesOf) };
  return { data, annotations: annotationsOf(result) };
}

/** Beside `data`, as Prometheus has it; a key that says nothing is left out. */
function annotationsOf(result: { warnings?: string[] | undefined; infos?: string[] | undefined }): Annotations {
  const { warnings, infos } = result;
  return { ...(warnings === undefined ? {} : { warnings }), ...(infos === undefined ? {} : { infos }) };
}

async function metadata(handlers: MetricsHandlers, params: URLSearchParams, call: Call): Promise<Data> {
  const metric = params.get('metric');
  const found = await handlers.metadata(metric === null || metric === '' ? {} : { metric }, call);
  const { data, isTruncated = false } = limited(params, found);
  const entries = (data as typeof found).map(({ metric: name, type, help, unit }) => [name, [{ type, help, unit }]]);
  return { data: Object.fromEntries(entries), isTruncated };
}

function limited(params: URLSearchParams, items: readonly unknown[]): Data {
  const text = params.get('limit') ?? '';
  const limit = text === '' ? 0 : Number(text);
  if (!Number.isInteger(limit) || limit < 0) throw badData('invalid parameter "limit": limit must be non-negative');
  return limit === 0 || items.length <= limit ? { data: items } : { data: items.slice(0, limit), isTruncated: true };
}

function selectionOf(params: URLSearchParams): { match?: string[]; startAt?: number; endAt?: number } {
  const startAt = optionalTime(params, 'start');
  const endAt = optionalTime(params, 'end');
  if (startAt !== undefined && endAt !== undefined && endAt < startAt) {
    throw badData('invalid parameter "end": end timestamp must not be before start time');
  }
  return {
    ...(params.has('match[]') ? { match: params.getAll('match[]') } : {}),
    ...(startAt === undefined ? {} : { startAt }),
    ...(endAt === undefined ? {} : { endAt }),
  };
}

function dataOf(result: QueryResult): unknown {
  switch (result.kind) {
    case 'vector':
      return {
        resultType: 'vector',
        result: result.samples.map(({ labels, point }) => ({ metric: labels, value: pointOf(point) })),
      };
    case 'matrix':
      return { resultType: 'matrix', result: result.series.map(seriesOf) };
    case 'scalar':
      return { resultType: 'scalar', result: pointOf(result.point) };
    case 'string':
      return { resultType: 'string', result: [result.at / 1_000, result.text] };
  }
}

function seriesOf({ labels, points }: Series): unknown {
  return { metric: labels, values: points.map(pointOf) };
}

/** Seconds as a number and the value as text, since JSON has no NaN. */
function pointOf([at, value]: Series['points'][number]): readonly [number, string] {
  return [at / 1_000, typeof value === 'string' ? value : formatValue(value)];
}

function targetsOf(targets: readonly Target[], state: string): unknown {
  const activeTargets = targets.map(({ job, instance, labels, up, lastScrapeAt, lastError }) => ({
    discoveredLabels: {},
    labels: { ...labels, job, instance },
    scrapePool: job,
    health: lastScrapeAt === undefined ? 'unknown' : up ? 'up' : 'down',
    lastError: lastError ?? '',
    lastScrape: new Date(lastScrapeAt ?? 0).toISOString(),
  }));
  return { activeTargets: state === 'dropped' ? [] : activeTargets, droppedTargets: [] };
}

function required(params: URLSearchParams, name: string): string {
  const value = params.get(name) ?? '';
  if (value === '') throw badData(`invalid parameter "${name}": it is missing or empty`);
  return value;
}

function optionalTime(params: URLSearchParams, name: string): number | undefined {
  const text = params.get(name) ?? '';
  return text === '' ? undefined : parseTime(name, text);
}

/** Epoch ms of unix seconds with a fraction, or of RFC 3339. */
function parseTime(name: string, text: string): number {
  const isUnix = /^[-+]?[\d.]+(e[-+]?\d+)?$/i.test(text);
  const isRfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)$/i.test(text);
  const at = isUnix ? Math.round(Number(text) * 1_000) : isRfc3339 ? Date.parse(text) : Number.NaN;
  // Beyond it a date is not a date, and no step is a whole millisecond.
  if (Number.isNaN(at) || Math.abs(at) > 8.64e15) {
    throw badData(`invalid parameter "${name}": cannot parse "${text.slice(0, 40)}" to a valid timestamp`);
  }
  return at;
}

function parseStep(text: string): number {
  const seconds = Number(text);
  if (!Number.isNaN(seconds)) return Math.round(seconds * 1_000);
  try {
    return parseDuration(text);
  } catch (error) {
    throw badData(`invalid parameter "step": cannot parse "${text.slice(0, 40)}" to a valid duration`, error);
  }
}

function badData(message: string, cause?: unknown): OperatingError {
  return new OperatingError('invalid', message, { details: { errorType: 'bad_data' }, cause });
}

/** A fault of the text has a place in it; what goes wrong later, with the data, is an execution error. */
function errorTypeOf(error: unknown): ErrorType {
  if (!(error instanceof OperatingError) || !isErrorCode(error.code)) return 'internal';
  switch (error.code) {
    case 'invalid':
      return error.details?.['position'] !== undefined || error.details?.['errorType'] === 'bad_data'
        ? 'bad_data'
        : 'execution';
    case 'exhausted':
    case 'conflict':
    case 'already-exists':
    case 'denied':
      return 'execution';
    case 'deadline':
      return 'timeout';
    case 'unavailable':
      return 'unavailable';
    case 'not-found':
      return 'not_found';
    case 'internal':
      return 'internal';
  }
}
