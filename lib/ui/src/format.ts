/** Values as a person reads them on a screen. Numbers keep three significant digits; a unit is never left to guess. */
import { formatDuration, formatSize } from '@plumb/base';

/** How the values of a graph read; the words are those of a board's panels. */
export type ValueUnit = 'none' | 'seconds' | 'bytes' | 'bytes-per-second' | 'per-second' | 'ratio' | 'cores' | 'count';

/** Shown where there is no value: never zero, which is a value. */
const NO_VALUE = '–';

const NARROW_SPACE = '\u202f';

/** `value` with its unit: `1.4 MiB/s`, `12 %`, `0.3 cores`, `2.5 ms`; `–` for absent and NaN, `∞` for the infinities. */
export function formatValue(value: number | null | undefined, unit: ValueUnit): string {
  if (value === null || value === undefined || Number.isNaN(value)) return NO_VALUE;
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  switch (unit) {
    case 'bytes':
      return formatBytes(value);
    case 'bytes-per-second':
      return `${formatBytes(value)}/s`;
    case 'per-second':
      return `${formatNumber(value)}/s`;
    case 'ratio':
      return `${formatNumber(value * 100)}${NARROW_SPACE}%`;
    case 'cores':
      return `${formatNumber(value)}${NARROW_SPACE}${value === 1 ? 'core' : 'cores'}`;
    case 'seconds':
      return formatSeconds(value);
    case 'count':
      return isShortWhole(value) ? formatWhole(value) : formatNumber(value);
    case 'none':
      return formatNumber(value);
  }
}

/**
 * The labels of a value axis, all of one scale. A unit that is a word is left to the legend; labels that would read
 * alike, as those of a block height do, get more digits.
 */
export function formatAxis(values: readonly number[], unit: ValueUnit): string[] {
  const isBare = unit === 'none' || unit === 'count' || unit === 'cores';
  const labels = values.map((value) => (isBare ? formatNumber(value) : formatValue(value, unit)));
  if (new Set(labels).size === labels.length) return labels;
  const { divisor, suffix } = axisScale(Math.max(...values.map(Math.abs)), unit);
  const finer = [1, 2, 3, 4].map((digits) =>
    values.map((value) => `${groupThousands(Number((value / divisor).toFixed(digits)))}${suffix}`),
  );
  return finer.find((one) => new Set(one).size === one.length) ?? labels;
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** What the values of an axis up to `top` are divided by, and what is written after them. */
function axisScale(top: number, unit: ValueUnit): { readonly divisor: number; readonly suffix: string } {
  switch (unit) {
    case 'bytes':
    case 'bytes-per-second': {
      const power = Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log2(Math.max(1, top)) / 10));
      return { divisor: 1_024 ** power, suffix: `${NARROW_SPACE}${BYTE_UNITS[power]}${unit === 'bytes' ? '' : '/s'}` };
    }
    case 'ratio':
      return { divisor: 0.01, suffix: `${NARROW_SPACE}%` };
    case 'seconds':
      return top < 1 ? { divisor: 0.001, suffix: `${NARROW_SPACE}ms` } : { divisor: 1, suffix: `${NARROW_SPACE}s` };
    case 'per-second':
      return { divisor: 1, suffix: '/s' };
    case 'cores':
    case 'count':
    case 'none':
      return { divisor: 1, suffix: '' };
  }
}

/** A whole number short enough to be read in full. */
function isShortWhole(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) < 10_000_000;
}

/** Three significant digits, whole numbers up to 99,999 in full, then `123 k`, `4.5 M`, `6.7 G`. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 1e-6) return value.toExponential(1).replaceAll('-', '−');
  if (size < 0.001) return groupThousands(Number(value.toPrecision(2)));
  if (size < 100_000) {
    const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
    return groupThousands(Number(value.toFixed(digits)));
  }
  const [divisor, suffix] =
    size >= 999.5e9 ? [1e12, 'T'] : size >= 999.5e6 ? [1e9, 'G'] : size >= 999.5e3 ? [1e6, 'M'] : [1e3, 'k'];
  return `${Number((value / divisor).toPrecision(3))}${NARROW_SPACE}${suffix}`;
}

/** A whole number in full: `1,204,118`. For heights and revisions, where every digit counts. */
export function formatWhole(value: number): string {
  return groupThousands(Math.round(value));
}

/** `1 unit`, `2 units`. */
export function formatCount(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatWhole(count)} ${count === 1 ? noun : plural}`;
}

/** How long ago, in one unit: `just now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 d ago`. The future is `just now`. */
export function formatAgo(at: number, now: number): string {
  const text = formatAge(now - at);
  return text === '' ? 'just now' : `${text} ago`;
}

/** A length in one unit, empty under 3 s: it would only flicker. */
function formatAge(ageMs: number): string {
  const seconds = Math.floor(ageMs / 1_000);
  if (seconds < 3) return '';
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** How long something has been so: `4 s`, `5 min 10 s`, `2 h 10 min`, `3 d 4 h`. */
export function formatSpan(lengthMs: number): string {
  return formatDuration(Math.max(0, Math.floor(lengthMs / 1_000)) * 1_000)
    .replace(/^0 ms$/, '0 s')
    .replace(/\.0 s$/, ' s');
}

/** The local time of day: `14:03:21`. */
export function formatClock(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB');
}

/** The local date and time, with the year only where it differs from that of `now`: `21 Nov, 14:03`. */
export function formatMoment(at: number, now: number): string {
  const date = new Date(at);
  const year = date.getFullYear() === new Date(now).getFullYear() ? {} : ({ year: 'numeric' } as const);
  const day = date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', ...year });
  return `${day}, ${date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })}`;
}

/** The first 12 characters of a content hash without its scheme: enough to tell two releases apart. */
export function formatRelease(release: string): string {
  return release.replace(/^[a-z0-9]+:/, '').slice(0, 12);
}

function formatBytes(value: number): string {
  return `${value < 0 ? '−' : ''}${formatSize(Math.abs(value)).replace(' ', NARROW_SPACE)}`;
}

function formatSeconds(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return `0${NARROW_SPACE}s`;
  if (size < 0.000_999_5) return `${formatNumber(value * 1e6)}${NARROW_SPACE}µs`;
  if (size < 0.999_5) return `${formatNumber(value * 1e3)}${NARROW_SPACE}ms`;
  if (size < 60) return `${formatNumber(value)}${NARROW_SPACE}s`;
  return `${value < 0 ? '−' : ''}${formatDuration(size * 1_000)}`;
}

function groupThousands(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 7 }).replace('-', '−');
}
