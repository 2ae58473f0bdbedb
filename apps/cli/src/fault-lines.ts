/** The faults that an error carries beside its message, a line each: what was refused, where and why. */
import { OperatingError } from '@plumb/base';
import * as v from 'valibot';
import { plainText } from './style.ts';

/** A person mends the first ones, and asks again. */
const FAULTS_SHOWN_MAX = 50;

const faultSchema = v.object({
  key: v.string(),
  layer: v.optional(v.string()),
  reason: v.string(),
  /** Where it stands in a file: `app.yaml:3:5`. */
  at: v.optional(v.string()),
});
const detailsSchema = v.object({ faults: v.array(faultSchema) });

export type Fault = v.InferOutput<typeof faultSchema>;

/** None for an error without faults. */
export function faultsOf(error: unknown): readonly Fault[] {
  const details = v.safeParse(detailsSchema, error instanceof OperatingError ? error.details : undefined);
  return details.success ? details.output.faults : [];
}

export function faultLines(error: unknown): string[] {
  const faults = faultsOf(error);
  const lines = faults.slice(0, FAULTS_SHOWN_MAX).map(({ key, layer, reason, at }) => {
    const where = layer === undefined || key === '' ? '' : ` (${layer})`;
    const parts = [at, key === '' ? undefined : plainText(key) + where, plainText(reason)];
    return parts.filter((part) => part !== undefined).join(': ');
  });
  const more = faults.length - lines.length;
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}

/** What goes above the faults: the message, unless it only lists them. */
export function headlineOf(error: Error): string {
  const [first] = faultsOf(error);
  return first !== undefined && error.message.includes(first.reason)
    ? 'nothing was changed, because of'
    : error.message;
}
