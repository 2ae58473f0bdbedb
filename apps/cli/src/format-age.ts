import { formatDuration } from '@plumb/base';

/** `3 min ago`; `now` for what is younger than a second, or ahead by a little clock skew. */
export function formatAge(at: number, now: number): string {
  return now - at < 1_000 ? 'now' : `${formatDuration(now - at)} ago`;
}

/** Local time for a log line: `14:03:22.123`. */
export function formatTime(at: number): string {
  const date = new Date(at);
  const pad = (value: number, width = 2): string => String(value).padStart(width, '0');
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`;
}

/** Local date and time: `2026-05-01 14:03:22`. */
export function formatDateTime(at: number): string {
  const date = new Date(at);
  const pad = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${formatTime(at).slice(0, 8)}`;
}
