import { OperatingError } from '@plumb/base';
import type { ClientSession } from './client-session.ts';

/** Where calls get the session to run on. */
export type SessionSource = {
  /** The session if there is one right now. */
  readonly current: () => ClientSession | undefined;
  /** Waits for one. Rejects with the reason of `signal` when it aborts, or with an error that waiting cannot cure. */
  readonly wait: (signal: AbortSignal) => Promise<ClientSession>;
  /** Why there is none, for the message of a deadline; undefined where there is one. */
  readonly trouble: () => string | undefined;
  readonly close: () => void;
};

/** What the caller is told when nothing came in time. */
export function deadlineError(method: string, timeoutMs: number, source: SessionSource): OperatingError {
  const trouble = source.trouble();
  const why = trouble === undefined ? '' : `: there is no connection: ${trouble}`;
  return new OperatingError('deadline', `${method} was not answered within ${Math.ceil(timeoutMs)} ms${why}`);
}
