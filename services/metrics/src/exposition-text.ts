/** Writes the Prometheus text format 0.0.4, for metrics that Plumb itself collects. */
import { formatSeries, type Labels } from './series-text.ts';

export type MetricFamily = {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: readonly { readonly labels?: Labels | undefined; readonly value: number }[];
};

/** Families without samples are left out. */
export function formatExposition(families: readonly MetricFamily[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, type, help, samples }) => {
      const lines = samples.map(
        ({ labels, value }) => `${formatSeries({ ...labels, __name__: name })} ${formatValue(value)}`,
      );
      return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n${lines.join('\n')}\n`;
    })
    .join('');
}

/** The text of a value as Prometheus writes it, in its exposition and in its HTTP API: `1.5`, `NaN`, `+Inf`, `-Inf`. */
export function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return Object.is(value, -0) ? '-0' : String(value);
}
