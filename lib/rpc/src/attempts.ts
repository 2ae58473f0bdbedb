/**
 * The tries of one call, at most `CALL_ATTEMPTS_MAX`. It is made again where its connection was lost before it was sent;
 * where the connection was lost afterwards and the call is idempotent; and, if the source has another session, where a
 * server refused it before it ran (`exhausted`, `unavailable`), or answered so and the call is idempotent. Nothing else is
 * ever sent twice.
 */
import type { OperatingError } from '@plumb/base';
import { CALL_ATTEMPTS_MAX } from './limits.ts';
import { hasNotRun } from './not-run.ts';
import type { CallFate, CallSession } from './outgoing-calls.ts';
import type { CallSource, SessionRequest } from './session-source.ts';

export type AttemptsOptions = { readonly isIdempotent: boolean; readonly isStream: boolean };

export class Attempts {
  readonly #source: CallSource;
  readonly #options: AttemptsOptions;
  #tried: Set<CallSession> | undefined;
  #count = 0;

  constructor(source: CallSource, options: AttemptsOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** How often it was sent, or was to be. */
  get count(): number {
    return this.#count;
  }

  /** What to ask the source for. */
  get request(): SessionRequest {
    return { tried: this.#tried, isStream: this.#options.isStream };
  }

  begin(): void {
    this.#count += 1;
  }

  /** After it failed on `session`: where to try it at once, `wait` for the source to be asked, or nowhere. */
  after(session: CallSession, error: OperatingError, fate: CallFate): CallSession | 'wait' | undefined {
    this.#tried = (this.#tried ?? new Set<CallSession>()).add(session);
    if (this.#count >= CALL_ATTEMPTS_MAX) return undefined;
    const { isIdempotent } = this.#options;
    if (fate === 'unsent' || (fate === 'lost' && isIdempotent)) return 'wait';
    const isRefusal = error.code === 'exhausted' || error.code === 'unavailable';
    if (fate !== 'answered' || !isRefusal || !(isIdempotent || hasNotRun(error))) return undefined;
    const other = this.#source.current(this.request);
    return other === undefined || this.#tried.has(other) ? undefined : other;
  }
}
