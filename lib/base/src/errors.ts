/**
 * The two kinds of failure: a bug (`assert`, `AssertionError`) and an operating error (`OperatingError`), which is an
 * answer that callers are expected to handle. Expected alternatives are neither: they are returned.
 */

/** What went wrong, as a closed set; `ERROR_CODES[code].retry` says whether the same call can succeed later. */
export const ERROR_CODES = {
  'not-found': { retry: false, httpStatus: 404 },
  'already-exists': { retry: false, httpStatus: 409 },
  conflict: { retry: false, httpStatus: 409 },
  invalid: { retry: false, httpStatus: 400 },
  denied: { retry: false, httpStatus: 403 },
  unavailable: { retry: true, httpStatus: 503 },
  deadline: { retry: true, httpStatus: 504 },
  exhausted: { retry: true, httpStatus: 429 },
  internal: { retry: false, httpStatus: 500 },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An operating error as plain data, for the wire and for logs. */
export type ErrorData = {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: ErrorData | undefined;
};

export type OperatingErrorOptions = {
  /** Plain data that a program can act on. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
};

/** A failure of the world, not of the code. The message says what failed with which value, then what to do. */
export class OperatingError extends Error {
  override readonly name = 'OperatingError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, { details, cause }: OperatingErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }

  toJSON(): ErrorData {
    return { code: this.code, message: this.message, details: this.details };
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_CODES, value);
}

/** A person reads three, and a cycle of causes has no end. */
const ERROR_DATA_CAUSES_MAX = 8;

/**
 * Anything thrown, as data that may cross a process. What is not an `OperatingError` becomes `internal` and keeps no
 * detail. Causes cross as long as they are operating errors too, whose messages are meant to be read, at most
 * `ERROR_DATA_CAUSES_MAX` of them.
 */
export function errorToData(error: unknown): ErrorData {
  if (error instanceof OperatingError) return toData(error, ERROR_DATA_CAUSES_MAX);
  return { code: 'internal', message: 'something went wrong inside the service; its log has the details' };
}

/** The inverse of `errorToData`; an unknown code, from a newer peer, becomes `internal`. */
export function errorFromData(data: unknown): OperatingError {
  return fromData(data, ERROR_DATA_CAUSES_MAX);
}

function toData(error: OperatingError, causesMax: number): ErrorData {
  const { cause } = error;
  if (!(cause instanceof OperatingError) || causesMax === 0) return error.toJSON();
  return { ...error.toJSON(), cause: toData(cause, causesMax - 1) };
}

function fromData(data: unknown, causesMax: number): OperatingError {
  const { code, message, details, cause } = (data ?? {}) as Partial<ErrorData>;
  const hasCause = typeof cause === 'object' && cause !== null && causesMax > 0;
  return new OperatingError(isErrorCode(code) ? code : 'internal', String(message ?? 'unknown error'), {
    details,
    ...(hasCause && { cause: fromData(cause, causesMax - 1) }),
  });
}

/** The text of anything thrown, with its causes, on one line: for logs and for a person. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${describeError(error.cause)}`;
}

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Throws when our own code is wrong. `message` states what must hold. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(`must hold: ${message}`);
}
