/**
 * Calls that certainly did not run: refused before their handler was called, or never sent. Such a call may be made
 * again elsewhere, whether or not it is idempotent. The mark crosses the wire in the error's details.
 */
import { type ErrorCode, OperatingError } from '@plumb/base';

/** An error that says for certain that no handler was called. */
export function notRunError(code: ErrorCode, message: string, { cause }: { cause?: unknown } = {}): OperatingError {
  return new OperatingError(code, message, { cause, details: { notRun: true } });
}

export function hasNotRun(error: unknown): boolean {
  return error instanceof OperatingError && error.details?.['notRun'] === true;
}
