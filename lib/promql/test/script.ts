/** The test scripts of Prometheus (promql/promqltest/README.md), read into steps. */
import { parseDuration } from '@plumb/base';
import { METRIC_NAME } from '../src/ast.ts';
import { tokenize } from '../src/lexer.ts';
import type { Labels } from '../src/queryable.ts';
import { parseNumber, parseOffsets, parseValues, type ScriptValue } from './script-values.ts';

export type ScriptSeries = { readonly labels: Labels; readonly values: readonly ScriptValue[] };
/** When the counts of a series began, as distances from its samples, ms. */
export type ScriptStarts = { readonly labels: Labels; readonly offsetsMs: readonly (number | undefined)[] };

/** A text that has to be met exactly, or a pattern that is to be found in it. */
export type TextMatch = { readonly exactly?: string | undefined; readonly pattern?: RegExp | undefined };
export type AnnotationKind = 'warn' | 'info';

export type Expectation = {
  /** Undefined when it should not fail. */
  readonly failure?: TextMatch | undefined;
  readonly isOrdered: boolean;
  /** Each has to be met, and nothing else may be there; none are expected where the list is empty. */
  readonly annotations: Readonly<Partial<Record<AnnotationKind, readonly TextMatch[]>>>;
  readonly text?: string | undefined;
  readonly scalar?: number | undefined;
  readonly series: readonly ScriptSeries[];
  /** Of a range vector: where its samples lie. */
  readonly range?: { readonly startAt: number; readonly endAt: number; readonly stepMs: number } | undefined;
};
export type ScriptEval = {
  readonly kind: 'eval';
  readonly line: number;
  readonly expression: string;
  readonly time:
    | { readonly kind: 'instant'; readonly at: number }
    | { readonly kind: 'range'; readonly startAt: number; readonly endAt: number; readonly stepMs: number };
  readonly expected: Expectation;
};
export type ScriptLoad = {
  readonly kind: 'load';
  readonly stepMs: number;
  /** Classic histograms are stored as native ones too. */
  readonly makesHistograms: boolean;
  readonly series: readonly ScriptSeries[];
  readonly starts: readonly ScriptStarts[];
};
export type ScriptStep = { readonly kind: 'clear' } | ScriptLoad | ScriptEval;

export function parseScript(text: string): ScriptStep[] {
  const lines = text.split('\n').map((line) => line.trim().replace(/^#.*/, '')); // A comment ends a block, as a blank line does.
  const steps: ScriptStep[] = [];
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i] ?? '';
    if (line === '') continue;
    const body: string[] = [];
    for (
      let next = lines[i + 1];
      next !== undefined && next !== '' && line !== 'clear';
      next = lines[i + body.length + 1]
    )
      body.push(next);
    steps.push(parseStep(line, body, i + 1));
    i += body.length;
  }
  return steps;
}

function parseStep(line: string, body: readonly string[], number: number): ScriptStep {
  if (line === 'clear') return { kind: 'clear' };
  const load = /^load(_with_nhcb)?\s+(\S+)$/.exec(line);
  if (load !== null) {
    const isStart = (one: string): boolean => /@st\s/.test(one);
    return {
      kind: 'load',
      stepMs: parseTime(load[2] ?? ''),
      makesHistograms: load[1] !== undefined,
      series: body.filter((one) => !isStart(one)).map(parseSeries),
      starts: body.filter(isStart).map(parseStarts),
    };
  }
  const [, mode = '', rest = ''] = /^eval(_fail|_ordered|_warn|_info)?\s+(.*)$/.exec(line) ?? [];
  const instant = /^instant(?:\s+at\s+(\S+))?\s+(.*)$/.exec(rest);
  const range = /^range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.*)$/.exec(rest);
  const expected = parseExpectation(body, mode);
  if (instant !== null) {
    return {
      kind: 'eval',
      line: number,
      expression: instant[2] ?? '',
      time: { kind: 'instant', at: parseTime(instant[1] ?? '0') },
      expected,
    };
  }
  if (range === null) throw new Error(`line ${number} is not a step of a script: ${line}`);
  const [startAt = 0, endAt = 0, stepMs = 0] = range.slice(1, 4).map(parseTime);
  return {
    kind: 'eval',
    line: number,
    expression: range[4] ?? '',
    time: { kind: 'range', startAt, endAt, stepMs },
    expected,
  };
}

function parseExpectation(body: readonly string[], mode: string): Expectation {
  let expected: Expectation = {
    isOrdered: mode === '_ordered',
    annotations: { ...(mode === '_warn' ? { warn: [{}] } : {}), ...(mode === '_info' ? { info: [{}] } : {}) },
    series: [],
    ...(mode === '_fail' ? { failure: {} } : {}),
  };
  for (const line of body) {
    const [, what = '', rest = ''] = /^expect\s+(\S+)\s*(.*)$/.exec(line) ?? [];
    const old = /^expected_fail_(message|regexp)\s+(.*)$/.exec(line);
    if (old !== null)
      expected = { ...expected, failure: textMatch(old[1] === 'message' ? 'msg' : 'regex', old[2] ?? '') };
    else if (what !== '') expected = withExpect(expected, what, rest);
    else if (/^[-+.\d]|^(inf|nan)$/i.test(line)) expected = { ...expected, scalar: parseNumber(line) };
    else expected = { ...expected, series: [...expected.series, parseSeries(line)] };
  }
  return expected;
}

function withExpect(expected: Expectation, what: string, rest: string): Expectation {
  const [, kind = '', text = ''] = /^(msg|regex):(.*)$/.exec(rest) ?? [];
  const range = /^vector from (\S+) to (\S+) step (\S+)$/.exec(rest);
  const { annotations } = expected;
  switch (what) {
    case 'fail':
      return { ...expected, failure: textMatch(kind, text) };
    case 'ordered':
      return { ...expected, isOrdered: true };
    case 'string':
      return { ...expected, text: tokenize(rest)[0]?.text ?? '' };
    case 'warn':
    case 'info':
      return {
        ...expected,
        annotations: { ...annotations, [what]: [...(annotations[what] ?? []), textMatch(kind, text)] },
      };
    case 'no_warn':
      return { ...expected, annotations: { ...annotations, warn: [] } };
    case 'no_info':
      return { ...expected, annotations: { ...annotations, info: [] } };
  }
  if (what !== 'range' || range === null) throw new Error(`"expect ${what} ${rest}" is not known`);
  const [startAt = 0, endAt = 0, stepMs = 0] = range.slice(1).map(parseTime);
  return { ...expected, range: { startAt, endAt, stepMs } };
}

function textMatch(kind: string, text: string): TextMatch {
  if (kind === 'msg') return { exactly: text.trim() };
  return kind === 'regex' ? { pattern: new RegExp(text.trim()) } : {};
}

const SERIES = /^([a-zA-Z_:][\w:]*)?\s*(\{(?!\{)(?:[^"'`}]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)*\})?\s*(.*)$/;

function parseStarts(line: string): ScriptStarts {
  const [name = '', offsets = ''] = line.split(/@st\s+/);
  return { labels: parseSeries(name).labels, offsetsMs: parseOffsets(offsets.trim()) };
}

function parseSeries(line: string): ScriptSeries {
  const [, name, braces = '{}', values = ''] = SERIES.exec(line) ?? [];
  const tokens = tokenize(braces.slice(1, -1));
  const pairs: [string, string][] = name === undefined ? [] : [[METRIC_NAME, name]];
  for (let i = 0; i < tokens.length - 1; i += 1) {
    const token = tokens[i];
    if (token?.text === ',' && token.kind === 'symbol') continue;
    if (tokens[i + 1]?.text === '=') {
      pairs.push([token?.text ?? '', tokens[i + 2]?.text ?? '']);
      i += 2;
    } else {
      pairs.push([METRIC_NAME, token?.text ?? '']);
    }
  }
  return { labels: Object.fromEntries(pairs.filter(([, value]) => value !== '')), values: parseValues(values) };
}

/** Durations from the epoch, or seconds. */
function parseTime(text: string): number {
  const [, sign = '', rest = ''] = /^(-?)(.*)$/.exec(text) ?? [];
  const lengthMs = /^[\d.]+$/.test(rest) ? Number(rest) * 1_000 : parseDuration(rest);
  return sign === '-' ? -lengthMs : lengthMs;
}
