import type { JSX } from 'preact';
import { sparkPath } from './chart-series.ts';

export type SparklineProps = {
  /** What the line shows, with its latest value. */
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** What the full height stands for, such as 1 for a share; the greatest value where it is not given. */
  readonly top?: number | undefined;
};

const WIDTH = 120;
const HEIGHT = 28;

/** A line without axes, for a glance. Its size is fixed, so that its arrival moves nothing. */
export function Sparkline({ label, values, top }: SparklineProps): JSX.Element {
  const line = sparkPath(values, { width: WIDTH, height: HEIGHT, top });
  return (
    <svg
      class="sparkline"
      viewBox={`0 -1 ${WIDTH} ${HEIGHT + 2}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path class="spark-ground" d={`M0 ${HEIGHT}H${WIDTH}`} />
      <path d={line} />
    </svg>
  );
}
