/** The contract's queries over the database and the scraper. It runs where they are: in the worker. */
import { setImmediate as breathe } from 'node:timers/promises';
import { type Clock, nearestWord, OperatingError } from '@plumb/base';
import {
  type Annotation,
  evaluateInstant,
  evaluateRange,
  type InstantResult,
  type LabelMatcher,
  parseMatchers,
} from '@plumb/promql';
import { labelsKey, type SeriesData, type Tsdb } from '@plumb/tsdb';
import { boardFacts } from './board-facts.ts';
import { standardBoard } from './board.ts';
import type { Board, MetricsHandlers, QueryResult, Series } from './contract.ts';
import { liveSeries } from './live.ts';
import { QueryGate } from './query-gate.ts';
import type { Scraper } from './scraper.ts';
import type { Labels } from './series-text.ts';

/** One query, its wait for a turn included. Callers wait 10 s unless they say otherwise. */
export const QUERY_TIMEOUT_MS = 30_000;
/** Steps of a range query: a graph on the widest screen, three times over; as in Prometheus. */
export const RANGE_POINTS_MAX = 11_000;
/** Points and series of one answer, which must fit into one message. */
const ANSWER_POINTS_MAX = 200_000;
const ANSWER_SERIES_MAX = 20_000;
/** Warnings and infos of one answer, of each as many as Prometheus shows. */
const ANNOTATIONS_SHOWN_MAX = 10;
/** Series that a board looks at: what was there within the last hour. */
const BOARD_RECENT_MS = 3_600_000;

/** A service that the dictionary knows, scraped or not: its board also shows what others say about its unit. */
export type KnownService = { readonly job: string; readonly application: string; readonly component: string };

export type QueryDependencies = {
  readonly tsdb: Tsdb;
  readonly scraper: Scraper;
  readonly clock: Clock;
  readonly services: () => readonly KnownService[];
};

export function queryHandlers({ tsdb, scraper, clock, services }: QueryDependencies): MetricsHandlers {
  const gate = new QueryGate();
  const run = async <T>(callerSignal: AbortSignal, query: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const signal = AbortSignal.any([callerSignal, AbortSignal.timeout(QUERY_TIMEOUT_MS)]);
    return gate.run(signal, () => query(signal));
  };
  const annotatedRange = (input: RangeInput, callerSignal: AbortSignal, annotate: Annotate): Promise<Series[]> =>
    run(callerSignal, async (signal) => {
      const { query: expression, startAt, endAt, stepMs } = input;
      const options = { expression, queryable: tsdb, startAt, endAt, stepMs, signal, breathe, annotate };
      return seriesOf(await evaluateRange({ ...options, limits: { stepCountMax: RANGE_POINTS_MAX } }));
    });
  const range: RangeQuery = (input, callerSignal) => annotatedRange(input, callerSignal, () => undefined);
  /** Without a `match`, everything. */
  const listed = (
    match: readonly string[] | undefined,
    times: { startAt?: number | undefined; endAt?: number | undefined },
  ): Labels[] => {
    const selections: (readonly LabelMatcher[])[] = match === undefined ? [[]] : match.map(parseMatchers);
    const found = new Map<string, Labels>();
    for (const matchers of selections) {
      for (const labels of tsdb.series({ matchers, minAt: times.startAt, maxAt: times.endAt }))
        found.set(labelsKey(labels), labels);
    }
    return [...found.values()];
  };

  return {
    query: ({ query, at = clock.now() }, { signal: callerSignal }) =>
      run(callerSignal, async (signal) => {
        const { annotate, annotations } = gatherAnnotations();
        const options = { expression: query, queryable: tsdb, at, signal, breathe, annotate };
        return { ...resultOf(await evaluateInstant(options), at), ...annotations() };
      }),
    queryRange: async (input, { signal }) => {
      const { annotate, annotations } = gatherAnnotations();
      return { series: await annotatedRange(input, signal, annotate), ...annotations() };
    },
    live: (input, { signal }) => liveSeries(input, { range, clock, signal }),
    series: ({ match, ...times }) => {
      if (match.length === 0)
        throw new OperatingError('invalid', 'no selector was given: name at least one, such as up{job="web"}');
      const found = listed(match, times);
      if (found.length > ANSWER_SERIES_MAX) throw tooMuch(`${found.length} series`, `more than ${ANSWER_SERIES_MAX}`);
      return found;
    },
    labels: ({ match, ...times }) => {
      const names = new Set(listed(match, times).flatMap((labels) => Object.keys(labels)));
      return [...names].toSorted();
    },
    labelValues: ({ label, match, ...times }) => {
      const values = new Set(
        listed(match, times).map((labels) => (Object.hasOwn(labels, label) ? labels[label] : undefined)),
      );
      return [...values].filter((value) => value !== undefined).toSorted();
    },
    metadata: ({ metric }) => scraper.metadata().filter((one) => metric === undefined || one.metric === metric),
    board: ({ job }) => boardOf(job, { tsdb, scraper, clock, services }),
    targets: () => scraper.targets(),
  };
}

export type RangeInput = {
  readonly query: string;
  readonly startAt: number;
  readonly endAt: number;
  readonly stepMs: number;
};
export type RangeQuery = (input: RangeInput, signal: AbortSignal) => Promise<Series[]>;

type Annotate = (annotation: Annotation) => void;

/** Gathers what an evaluation says: texts by kind, of kinds of which there is any. */
function gatherAnnotations(): {
  readonly annotate: Annotate;
  readonly annotations: () => { warnings?: string[]; infos?: string[] };
} {
  const warnings: string[] = [];
  const infos: string[] = [];
  return {
    annotate: ({ kind, text }) => void (kind === 'warning' ? warnings : infos).push(text),
    annotations: () => ({
      ...(warnings.length === 0 ? {} : { warnings: warnings.slice(0, ANNOTATIONS_SHOWN_MAX) }),
      ...(infos.length === 0 ? {} : { infos: infos.slice(0, ANNOTATIONS_SHOWN_MAX) }),
    }),
  };
}

/** @throws OperatingError `not-found` for a job that was never heard of, naming the nearest. */
function boardOf(job: string, { tsdb, scraper, clock, services }: QueryDependencies): Board {
  const service = services().find((one) => one.job === job);
  const minAt = clock.now() - BOARD_RECENT_MS;
  const own = tsdb.series({ matchers: [{ name: 'job', op: '=', value: job }], minAt });
  const [first] = own;
  const unit = service ?? unitOf(first);
  if (unit === undefined && first === undefined && scraper.targets().every((target) => target.job !== job)) {
    const known = [...services(), ...scraper.targets()].map((one) => one.job);
    const nearest = nearestWord(job, known);
    const hint = nearest === undefined ? 'ask for the board of a service, or of "host"' : `did you mean "${nearest}"?`;
    throw new OperatingError('not-found', `nothing is known of the job "${job}": ${hint}`);
  }
  const about = unit === undefined ? [] : seriesAbout(tsdb, unit, minAt).filter((labels) => labels['job'] !== job);
  const metadata = [...scraper.metadata(job), ...scraper.metadata()];
  return standardBoard(boardFacts({ job, unit, series: [...own, ...about], metadata: firstOfEach(metadata) }));
}

function unitOf(labels: Labels | undefined): { application: string; component: string } | undefined {
  const { application, component } = labels ?? {};
  return application === undefined || component === undefined ? undefined : { application, component };
}

function seriesAbout(tsdb: Tsdb, unit: { application: string; component: string }, minAt: number): Labels[] {
  const matchers = (['application', 'component'] as const).map((name) => ({
    name,
    op: '=' as const,
    value: unit[name],
  }));
  return tsdb.series({ matchers, minAt });
}

function firstOfEach<T extends { readonly metric: string }>(items: readonly T[]): T[] {
  return [...Map.groupBy(items, ({ metric }) => metric).values()].flatMap(([first]) =>
    first === undefined ? [] : [first],
  );
}

function resultOf(result: InstantResult, at: number): QueryResult {
  switch (result.kind) {
    case 'vector':
      if (result.samples.length > ANSWER_SERIES_MAX)
        throw tooMuch(`${result.samples.length} series`, `more than ${ANSWER_SERIES_MAX}`);
      return {
        kind: 'vector',
        samples: result.samples.map(({ labels, value }) => ({ labels, point: [at, valueOf(value)] })),
      };
    case 'scalar':
      return { kind: 'scalar', point: [at, valueOf(result.value)] };
    case 'string':
      return { kind: 'string', at, text: result.text };
    case 'matrix':
      return { kind: 'matrix', series: seriesOf(result.series) };
  }
}

function seriesOf(series: readonly SeriesData[]): Series[] {
  const pointCount = series.reduce((sum, { times }) => sum + times.length, 0);
  if (series.length > ANSWER_SERIES_MAX || pointCount > ANSWER_POINTS_MAX) {
    throw tooMuch(
      `${series.length} series with ${pointCount} points`,
      `more than ${ANSWER_SERIES_MAX} or ${ANSWER_POINTS_MAX}`,
    );
  }
  return series.map(({ labels, times, values }) => ({
    labels,
    points: Array.from(times, (at, index) => [at, valueOf(values[index] ?? Number.NaN)]),
  }));
}

function valueOf(value: number): Series['points'][number][1] {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

function tooMuch(what: string, limit: string): OperatingError {
  return new OperatingError(
    'exhausted',
    `the answer has ${what}, ${limit}: aggregate, add matchers, or use a longer step`,
  );
}
