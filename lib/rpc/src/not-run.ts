/**
 * Calls that certainly did not run: refused before their handler was called, or never sent. Such a call may be made
 * again elsewhere, whether or not it is idempotent.
 *
 * The mark lies on the error object and is not part of its data: a handler that passes on the error of a call that it
 * made has run itself, so its answer must not carry the mark of the other call. On the wire it is a field of the
 * message in which a dispatcher refuses a call.
 */
import type { OperatingError } from '@plumb/base';

const NOT_RUN = Symbol('not-run');

/** Says of `error`, which it returns, that no handler was called. */
export function markNotRun(error: OperatingError): OperatingError {
  return Object.defineProperty(error, NOT_RUN, { value: true });
}

export function hasNotRun(error: unknown): boolean {
  return error instanceof Error && NOT_RUN in error;
}
