/**
 * The test scripts of Prometheus (promql/promqltest/README.md), read into steps. Annotations (`expect warn`, `info`,
 * `no_warn`, `no_info`) are read over: only values, order and failure are judged.
 */
import { parseDuration } from '@plumb/base';
import { tokenize } from '../src/lexer.ts';
import { METRIC_NAME } from '../src/ast.ts';
import type { Labels } from '../src/queryable.ts';

/** One value of a series; undefined where it has none. */
export type ScriptValue = number | 'stale' | 'histogram' | undefined;
export type ScriptSeries = { readonly labels: Labels; readonly values: readonly ScriptValue[] };

export type Expectation = {
  readonly fails: boolean;
  readonly isOrdered: boolean;
  readonly text?: string | undefined;
  readonly scalar?: number | undefined;
  readonly series: readonly ScriptSeries[];
  /** Of a range vector: where its samples lie. */
  readonly range?: { readonly startAt: number; readonly stepMs: number } | undefined;
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
export type ScriptStep =
  | { readonly kind: 'clear' }
  | {
      readonly kind: 'load';
      readonly stepMs: number;
      readonly makesHistograms: boolean;
      /** Some series say when their counters began, which is not supported. */
      readonly hasStarts: boolean;
      readonly series: readonly ScriptSeries[];
    }
  | ScriptEval;

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
    const isStart = (one: string): boolean => /^\S*@st\s|}@st\s/.test(one);
    return {
      kind: 'load',
      stepMs: parseTime(load[2] ?? ''),
      makesHistograms: load[1] !== undefined,
      hasStarts: body.some(isStart),
      series: body.filter((one) => !isStart(one)).map(parseSeries),
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
  let expected: Expectation = { fails: mode === '_fail', isOrdered: mode === '_ordered', series: [] };
  for (const line of body) {
    const [, what = '', rest = ''] = /^expect\s+(\S+)\s*(.*)$/.exec(line) ?? [];
    const range = /^vector from (\S+) to \S+ step (\S+)$/.exec(rest);
    if (what === 'fail') expected = { ...expected, fails: true };
    else if (what === 'ordered') expected = { ...expected, isOrdered: true };
    else if (what === 'string') expected = { ...expected, text: tokenize(rest)[0]?.text ?? '' };
    else if (what === 'range' && range !== null)
      expected = { ...expected, range: { startAt: parseTime(range[1] ?? ''), stepMs: parseTime(range[2] ?? '') } };
    else if (what !== '' || /^expected_fail_(message|regexp)/.test(line)) continue;
    else if (/^[-+.\d]|^(inf|nan)$/i.test(line)) expected = { ...expected, scalar: parseNumber(line) };
    else expected = { ...expected, series: [...expected.series, parseSeries(line)] };
  }
  return expected;
}

const SERIES = /^([a-zA-Z_:][\w:]*)?\s*(\{(?!\{)(?:[^"'`}]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)*\})?\s*(.*)$/;

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

const NUMBER = String.raw`(?:0x[0-9a-f]+|(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|inf|nan)`;
const REPEATED = new RegExp(`^([-+]?${NUMBER})(?:([-+]${NUMBER}))?x(\\d+)$`, 'i');

function parseValues(text: string): ScriptValue[] {
  const words = text.match(/(?:\{\{[^}]*\}\}|[^\s{])+/g) ?? [];
  return words.flatMap((word): ScriptValue[] => {
    const times = Number(/x(\d+)$/.exec(word)?.[1] ?? NaN);
    if (word.startsWith('{{'))
      return Array.from({ length: Number.isNaN(times) ? 1 : times + 1 }, () => 'histogram' as const);
    if (word === '_') return [undefined];
    if (/^_x\d+$/.test(word)) return Array.from({ length: times }, () => undefined);
    if (word === 'stale') return ['stale'];
    const repeated = REPEATED.exec(word);
    if (repeated === null) return [parseNumber(word)];
    const [start, step] = [parseNumber(repeated[1] ?? ''), parseNumber(repeated[2] ?? '0')];
    return Array.from({ length: times + 1 }, (_, i) => (i === 0 ? start : start + step * i));
  });
}

function parseNumber(text: string): number {
  const [, sign = '', rest = ''] = /^([-+]?)(.*)$/.exec(text) ?? [];
  const value = /^inf$/i.test(rest) ? Infinity : /^nan$/i.test(rest) ? NaN : Number(rest);
  if (Number.isNaN(value) && !/^nan$/i.test(rest)) throw new Error(`"${text}" is not a number`);
  return sign === '-' ? -value : value;
}

/** Durations from the epoch, or seconds. */
function parseTime(text: string): number {
  const [, sign = '', rest = ''] = /^(-?)(.*)$/.exec(text) ?? [];
  const lengthMs = /^[\d.]+$/.test(rest) ? Number(rest) * 1_000 : parseDuration(rest);
  return sign === '-' ? -lengthMs : lengthMs;
}
