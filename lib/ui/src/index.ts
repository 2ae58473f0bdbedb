export { Chart, type ChartProps } from './chart.tsx';
export { type ChartFrame, type ChartSeries, chartStepMs, latestValue, timeStart } from './chart-series.ts';
export { CommandLine, CopyButton } from './command-line.tsx';
export { Confirm, Dialog } from './dialog.tsx';
export { Empty, Skeleton } from './empty.tsx';
export {
  formatAgo,
  formatClock,
  formatCount,
  formatMoment,
  formatNumber,
  formatRelease,
  formatSpan,
  formatValue,
  formatWhole,
  type ValueUnit,
} from './format.ts';
export { Icon, type IconName } from './icon.tsx';
export { Menu, type MenuItem } from './menu.tsx';
export { Segmented } from './segmented.tsx';
export { Sparkline } from './sparkline.tsx';
export { Status, StatusMark, type Tone } from './status.tsx';
