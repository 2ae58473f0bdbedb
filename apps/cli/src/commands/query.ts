import type { QueryResult } from '@plumb/metrics';
import { OperatingError } from '@plumb/base';
import { type Command, duration, refuseMore, requireWord } from '../command.ts';
import type { Shell } from '../shell.ts';
import { plainText } from '../style.ts';

/** Points of a sparkline: what fits beside the labels in an ordinary terminal. */
const SPARK_POINTS = 40;

export const query: Command = {
  name: 'query',
  summary: 'Ask the metrics with PromQL.',
  usage: 'EXPRESSION',
  examples: [
    "plumb query 'sum by (component) (rate(plumb_unit_cpu_seconds_total[1m]))'",
    "plumb query 'chain_height' --since 15m",
    "plumb query 'up' --json",
  ],
  flags: {
    since: {
      type: 'string',
      value: 'TIME',
      help: 'draw the last length of time, such as 15m, instead of the value now',
    },
  },
  async run(words, flags, shell) {
    const expression = requireWord(words, 0, 'EXPRESSION');
    refuseMore(words, 1);
    const windowMs = duration(flags, 'since');
    const { metrics } = await shell.connect();
    try {
      if (windowMs === undefined) {
        const result = await metrics.query({ query: expression });
        if (shell.isJson) shell.json(result);
        else printInstant(result, shell);
      } else {
        const endAt = shell.now();
        const stepMs = Math.max(1_000, Math.floor(windowMs / SPARK_POINTS));
        const { series } = await metrics.queryRange({ query: expression, startAt: endAt - windowMs, endAt, stepMs });
        if (shell.isJson) shell.json(series);
        else printRange(series, shell);
      }
    } catch (error) {
      throw withCaret(error, expression);
    }
    return 0;
  },
};

function printInstant(result: QueryResult, { out, err }: Shell): void {
  switch (result.kind) {
    case 'vector':
      if (result.samples.length === 0)
        err('no series matches: see names with "plumb query \'count by (__name__) ({job=~".+"})\'"');
      for (const { labels, point } of result.samples) out(`${formatLabels(labels)}  ${point[1]}`);
      return;
    case 'matrix':
      for (const { labels, points } of result.series)
        out(`${formatLabels(labels)}  ${points.map(([, value]) => value).join(' ')}`);
      return;
    case 'scalar':
      out(String(result.point[1]));
      return;
    case 'string':
      out(plainText(result.text));
  }
}

function printRange(
  series: readonly { labels: Record<string, string>; points: [number, number | string][] }[],
  { out, err, style }: Shell,
): void {
  if (series.length === 0) err('no series matches in that time');
  for (const { labels, points } of series) {
    const values = points.map(([, value]) => Number(value)).filter(Number.isFinite);
    out(`${formatLabels(labels)}  ${style.cyan(sparkline(values))}  ${values.at(-1) ?? '-'}`);
  }
}

/** Eighths of a line, from the least to the greatest value. */
export function sparkline(values: readonly number[]): string {
  const [min, max] = [Math.min(...values), Math.max(...values)];
  return values.map((value) => '▁▂▃▄▅▆▇█'[max === min ? 0 : Math.round(((value - min) / (max - min)) * 7)]).join('');
}

function formatLabels({ __name__: name = '', ...labels }: Record<string, string>): string {
  const inner = Object.entries(labels).map(([label, value]) => `${label}="${plainText(value)}"`);
  return `${name}{${inner.join(', ')}}`;
}

/** Points at the fault in the expression, where the error says where it is. */
function withCaret(error: unknown, expression: string): unknown {
  if (!(error instanceof OperatingError)) return error;
  const offset = (error.details?.['position'] as { offset?: number } | undefined)?.offset;
  if (offset === undefined || expression.includes('\n')) return error;
  return new OperatingError(error.code, `${error.message}\n  ${expression}\n  ${' '.repeat(offset)}^`, {
    details: error.details,
  });
}
