import { ERROR_CODES, OperatingError } from '@plumb/base';

/** Whether the same call can succeed later. What is not an `OperatingError` is a bug, and stays one. */
export function isRetryable(error: unknown): boolean {
  return error instanceof OperatingError && ERROR_CODES[error.code].retry;
}
