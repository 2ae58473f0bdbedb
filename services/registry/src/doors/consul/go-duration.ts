/** Lengths of time as Go writes them (`time.ParseDuration`), which is how Consul takes and gives them: `10s`, `1m30s`, `100ms`. */

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const WHOLE =
  /^[+]?(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))*$/;
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
/** Longer texts are no lengths of time that anybody writes. */
const TEXT_LENGTH_MAX = 64;

const NANOSECONDS_PER_MS = 1_000_000;

/** Milliseconds; undefined for what is no length of time, a negative one included. */
export function parseGoDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (text.length > TEXT_LENGTH_MAX || !WHOLE.test(text)) return undefined;
  let ms = 0;
  for (const [, digits = '', unit = ''] of text.matchAll(PART)) ms += Number(digits) * (UNIT_MS[unit] ?? Number.NaN);
  return Number.isFinite(ms) ? ms : undefined;
}

/** As Go prints it: `15s`, `1m30s`, `24h0m0s`, `250ms`, `0s`. What is below a microsecond is cut off. */
export function formatGoDuration(ms: number): string {
  if (ms === 0) return '0s';
  if (ms < 1) return `${Math.floor(ms * 1_000)}µs`;
  if (ms < 1_000) return `${trim(ms)}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = trim((ms % 60_000) / 1_000);
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

/** What Go's JSON has for a `time.Duration`. */
export function toNanoseconds(ms: number): number {
  return Math.round(ms * NANOSECONDS_PER_MS);
}

export function fromNanoseconds(nanoseconds: number): number {
  return nanoseconds / NANOSECONDS_PER_MS;
}

function trim(value: number): string {
  return String(Number(value.toFixed(6)));
}
