/** Errors as plain data, and back. The stack stays at home: it names files, and means nothing elsewhere. */
import { isErrorCode, OperatingError } from '@plumb/base';

/** What crosses of an error. `details` must be plain data. */
export type ErrorFields = {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number | undefined;
  readonly details?: unknown;
  /** An error, or text. Other causes stay behind: they are whatever the world threw. */
  readonly cause?: unknown;
};

/** Causes below causes that cross; deeper ones stay behind. A person reads three; a cycle of causes has no end. */
export const ERROR_CAUSES_MAX = 8;

/** Names of classes that come back as themselves; another error comes back as `Error` with its name. */
const BUILT_IN: Readonly<Record<string, new (message: string) => Error>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

export function errorFields(error: Error): ErrorFields {
  const { code, details } = error as { readonly code?: unknown; readonly details?: unknown };
  const { cause } = error;
  const hasCode = Object.hasOwn(error, 'code') && (typeof code === 'string' || typeof code === 'number');
  return {
    name: String(error.name),
    message: String(error.message),
    ...(hasCode ? { code } : {}),
    ...(Object.hasOwn(error, 'details') && details !== undefined ? { details } : {}),
    ...(cause instanceof Error || typeof cause === 'string' ? { cause } : {}),
  };
}

/** The inverse of `errorFields`. Makes errors only of a closed list of classes, without a stack. */
export function errorFromFields({ name, message, code, details, cause }: ErrorFields): Error {
  const error = withoutStack(() => {
    if (name === 'OperatingError' && isErrorCode(code)) return new OperatingError(code, message);
    const type = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
    return type === undefined ? new Error(message) : new type(message);
  });
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  if (code !== undefined && !(error instanceof OperatingError)) Object.assign(error, { code });
  if (details !== undefined) Object.assign(error, { details });
  if (cause !== undefined) {
    Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true, enumerable: false });
  }
  return error;
}

/** The place where bytes are read is not where the error arose; and a thousand errors should not cost a thousand stacks. */
function withoutStack<T>(make: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}
