/**
 * What the start time of a counter, which OpenTelemetry sends along, tells of its resets: it is when the count began.
 * Epoch ms; 0 is unknown, and one that is not before its sample is not to be believed.
 */

/** One sample's time, and when its count began. */
export type Started = { readonly at: number; readonly startedAt: number };

/** Whether the count of `next` began at `before` or after it. A count that begins just where the last ended is a delta. */
export function startsAnew(before: Started, next: Started): boolean {
  if (next.startedAt === 0 || next.startedAt >= next.at || next.startedAt < before.at) return false;
  if (next.startedAt > before.at) return true;
  return before.startedAt !== 0 && before.startedAt < before.at;
}

/** Whether a count claims to include what the sample before it counted, and is not the same count. */
export function overlaps(before: Started, next: Started): boolean {
  return next.startedAt !== 0 && next.startedAt < before.at && next.startedAt !== before.startedAt;
}
