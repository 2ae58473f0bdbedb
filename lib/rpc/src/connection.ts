/** What a client calls through: one channel, or one that is opened again when it is lost. */
import { type Clock, systemClock } from '@plumb/base';
import { type Answer, ask } from './ask.ts';
import { callOnce } from './call-once.ts';
import type { Channel } from './channel.ts';
import { ClientSession } from './client-session.ts';
import type { CallOptions } from './contract.ts';
import type { SessionSource } from './session-source.ts';
import { StreamReader } from './stream-reader.ts';

export type Connection = Disposable & {
  /** @throws OperatingError, and the reason of `signal` when it aborts first. */
  readonly call: (method: string, input: unknown, options?: CallOptions) => Promise<unknown>;
  /** Each iteration is a call of its own, made when the first item is asked for and cancelled when it is left. */
  readonly stream: (method: string, input: unknown, options?: CallOptions) => AsyncIterable<unknown>;
  /**
   * A call of which only the answer says whether it is one value or a stream. Resolves with the value, or at the first
   * item of the stream. The stream is cancelled when it is left, so it has to be read or left.
   */
  readonly ask: (method: string, input: unknown, options?: CallOptions) => Promise<Answer>;
  /** Ends every call with `unavailable`. Safe to repeat. */
  readonly close: () => void;
};

/** Calls through `channel`, which it owns, as long as that is open. Give it to as many clients as you like. */
export function createConnection(channel: Channel, { clock = systemClock }: { clock?: Clock } = {}): Connection {
  const session = new ClientSession(channel);
  return connectionOver(
    {
      current: () => session,
      wait: async () => session,
      trouble: () => undefined,
      close: () => session.close(),
    },
    clock,
  );
}

export function connectionOver(source: SessionSource, clock: Clock): Connection {
  return {
    call: (method, input, options = {}) => callOnce({ source, clock }, { method, input }, options),
    stream: (method, input, options = {}) => ({
      [Symbol.asyncIterator]: () => new StreamReader({ source, clock }, { method, input }, options),
    }),
    ask: (method, input, options = {}) => ask({ source, clock }, { method, input }, options),
    close: source.close,
    [Symbol.dispose]: source.close,
  };
}
