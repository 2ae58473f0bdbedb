/** Lengths of time and sizes as people write them. */
import { OperatingError } from './errors.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Milliseconds of text such as `500ms`, `10s`, `1h30m`. @throws OperatingError `invalid`. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new OperatingError(
      'invalid',
      `"${text}" is not a duration: write a number with a unit, like 500ms, 10s or 1h30m`,
    );
  }
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit ?? ''] ?? 0), 0);
}

/** The shortest text that a person reads at a glance: `430 ms`, `3.2 s`, `5 min`, `2 h 10 min`, `3 d`. */
export function formatDuration(lengthMs: number): string {
  if (lengthMs < 1_000) return `${Math.round(lengthMs)} ms`;
  if (lengthMs < 9_950) return `${(lengthMs / 1_000).toFixed(1)} s`;
  const seconds = Math.round(lengthMs / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 || minutes >= 10 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Bytes of a Kubernetes quantity such as `128Mi`, `1.5Gi`, `500M`, `1000`. @throws OperatingError `invalid`. */
export function parseSize(text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(text) ?? [];
  if (count === undefined)
    throw new OperatingError('invalid', `"${text}" is not a size: write bytes with a unit, like 128Mi or 1.5Gi`);
  return Math.round(Number(count) * (SIZE_UNITS[unit ?? ''] ?? 1));
}

/** Bytes for a person, in powers of 1,024: `512 B`, `1.4 KiB`, `23 MiB`. */
export function formatSize(sizeBytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = sizeBytes;
  let index = 0;
  while (value >= 1_024 && index < units.length - 1) {
    value /= 1_024;
    index += 1;
  }
  return `${index === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[index]}`;
}
