/**
 * Messages over ports. A port clones what it is given, but a clone is not what comes over a socket: errors lose what they
 * say and keep their stacks, classes lose their names, and what is shared stays shared. So a message is copied first,
 * which takes a fraction of the time that the clone does.
 */
import { isErrorCode, OperatingError } from '@plumb/base';
import { errorFields } from '@plumb/cbor/plain';
import { copyPlain } from './copy-plain.ts';

/** What a clone of `error` lacks. */
type ErrorExtras = {
  readonly error: Error;
  readonly name: string;
  readonly code?: unknown;
  readonly details?: unknown;
};

/** Instead of a message, which is an object: the message, and what the clones of its errors lack. */
type WithErrors = readonly [message: object, errors: readonly ErrorExtras[]];

/** What to give to `postMessage`. @throws OperatingError `invalid`, with the path of what has no plain form. */
export function toPort(message: object): unknown {
  const errors: ErrorExtras[] = [];
  const copy = copyPlain(message, (error) => {
    const { name, code, details } = errorFields(error);
    errors.push({ error, name, code, details });
  });
  return errors.length === 0 ? copy : ([copy, errors] satisfies WithErrors);
}

/** The message that `toPort` was given. */
export function fromPort(data: unknown): unknown {
  if (!Array.isArray(data)) return data;
  const [message, errors] = data as unknown as WithErrors;
  for (const extras of errors) complete(extras);
  return message;
}

/** A clone knows the classes of the language, message and cause. */
function complete({ error, name, code, details }: ErrorExtras): void {
  const isOperating = name === 'OperatingError' && isErrorCode(code);
  if (isOperating) Object.setPrototypeOf(error, OperatingError.prototype);
  if (isOperating) Object.assign(error, { name, code, details });
  else {
    if (error.name !== name) Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
    Object.assign(error, code === undefined ? {} : { code }, details === undefined ? {} : { details });
  }
}
