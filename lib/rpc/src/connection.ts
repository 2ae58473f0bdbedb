/** What a client calls through: one channel, or one that is opened again when it is lost. */
import { type Clock, systemClock } from '@plumb/base';
import { type Answer, ask } from './ask.ts';
import { createCallKeys } from './call-keys.ts';
import { type CallDependencies, callOnce } from './call-once.ts';
import type { Channel } from './channel.ts';
import { ClientSession, type ClientSessionOptions } from './client-session.ts';
import type { CallOptions } from './contract.ts';
import { Inheritance, type InheritOptions } from './inherit-call.ts';
import type { SessionSource } from './session-source.ts';
import { withSharedTimer } from './shared-timer.ts';
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

export type ConnectionOptions = InheritOptions & ClientSessionOptions;

/** Calls through `channel`, which it owns, as long as that is open. Give it to as many clients as you like. */
export function createConnection(channel: Channel, options: ConnectionOptions = {}): Connection {
  const { clock = systemClock } = options;
  const session = new ClientSession(channel, options);
  return connectionOver(
    {
      current: () => session,
      wait: async () => session,
      trouble: () => undefined,
      close: () => session.close(),
    },
    clock,
    options,
  );
}

/** Calls on whatever sessions `source` has. */
export function connectionOver(source: SessionSource, clock: Clock, options: InheritOptions = {}): Connection {
  const dependencies: CallDependencies = { source, clock: withSharedTimer(clock), newKey: createCallKeys() };
  const inheritance = new Inheritance(clock, options);
  return {
    call: (method, input, options = {}) => callOnce(dependencies, { method, input }, inheritance.unary(options)),
    stream: (method, input, options = {}) => ({
      [Symbol.asyncIterator]: () => new StreamReader(dependencies, { method, input }, inheritance.stream(options)),
    }),
    ask: (method, input, options = {}) => ask(dependencies, { method, input }, inheritance.unary(options)),
    close: source.close,
    [Symbol.dispose]: source.close,
  };
}
