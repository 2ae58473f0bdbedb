import { OperatingError } from '@plumb/base';
import type { CallSession } from './outgoing-calls.ts';

/** What a source may know of the call that needs a session. */
export type SessionRequest = {
  /** Sessions that this call was tried on: one of the others is given where there is one. */
  readonly tried?: ReadonlySet<CallSession> | undefined;
  /** A stream, which is not load of the kind that ends within moments. */
  readonly isStream?: boolean | undefined;
};

/** Where calls get the session to run on. It is asked anew for each try of each call. */
export type SessionSource = {
  /** The session to use if there is one right now. */
  readonly current: (request?: SessionRequest) => CallSession | undefined;
  /** Waits for one. Rejects with the reason of `signal` when it aborts, or with an error that waiting cannot cure. */
  readonly wait: (signal: AbortSignal, request?: SessionRequest) => Promise<CallSession>;
  /** Why there is none, for the message of a deadline; undefined where there is one. */
  readonly trouble: () => string | undefined;
  readonly close: () => void;
};

export type CallSource = Omit<SessionSource, 'close'>;

/** What the caller is told when nothing came in time. */
export function deadlineError(method: string, timeoutMs: number, source: CallSource): OperatingError {
  const trouble = source.trouble();
  const why = trouble === undefined ? '' : `: there is no connection: ${trouble}`;
  return new OperatingError('deadline', `${method} was not answered within ${Math.ceil(timeoutMs)} ms${why}`);
}
