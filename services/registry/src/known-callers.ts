import { OperatingError } from '@plumb/base';
import type { IdentityClient } from '@plumb/identity';
import { type Caller, type CallObserver, isRetryable } from '@plumb/rpc';
import type { CallerLookup } from '@plumb/rpc/node';

/** Keys that are remembered for the time when nobody can be asked: those seen last. */
const KEYS_MAX = 4_096;
/** A connection waits for it: plumbd answers in a millisecond, or is away. */
const IDENTIFY_TIMEOUT_MS = 2_000;

/**
 * Who holds a key, as Plumb knows it: asked at each connection, so that a key that was taken back is worth nothing. While
 * Plumb is away, those who were known before are let in.
 * @throws OperatingError of the question, for a key that was never seen, while nobody can be asked.
 */
export function createCallerLookup(identity: Pick<IdentityClient, 'identify'>, observe: CallObserver): CallerLookup {
  const remembered = new Map<string, Caller>();
  const remember = (publicKey: string, caller: Caller | undefined): void => {
    remembered.delete(publicKey);
    if (caller === undefined) return;
    remembered.set(publicKey, caller);
    const [oldest] = remembered.keys();
    if (remembered.size > KEYS_MAX && oldest !== undefined) remembered.delete(oldest);
  };
  const lookUp = async (publicKey: string): Promise<Caller | undefined> => {
    try {
      const { caller } = await identity.identify({ publicKey }, { timeoutMs: IDENTIFY_TIMEOUT_MS });
      remember(publicKey, caller);
      return caller;
    } catch (error) {
      const caller = remembered.get(publicKey);
      const isAway = error instanceof OperatingError && isRetryable(error);
      if (caller === undefined || !isAway) throw error;
      return caller;
    }
  };
  return Object.assign(lookUp, { observe });
}
