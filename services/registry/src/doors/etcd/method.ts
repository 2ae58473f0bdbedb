/** A method of the API, whichever way it is called: over gRPC by its name, over JSON by its paths. */
import type { EtcdCall } from './etcd-core.ts';
import type { MessageType, Received, Sent } from './message-type.ts';

/** Gives an answer to the reader of a stream; resolves when it can take another, and rejects when it is gone. */
export type Send<A extends MessageType> = (answer: Sent<A>) => Promise<void>;

export type UnaryMethod<Q extends MessageType, A extends MessageType> = {
  readonly kind: 'unary';
  readonly paths: readonly string[];
  readonly request: Q;
  readonly response: A;
  /** Rejects with what `toEtcdError` knows, or with a bug. */
  readonly answer: (request: Received<Q>, call: EtcdCall) => Promise<Sent<A>>;
};

export type StreamMethod<Q extends MessageType, A extends MessageType> = {
  readonly kind: 'stream';
  readonly paths: readonly string[];
  readonly request: Q;
  readonly response: A;
  /** Resolves when everything is said. `requests` ends when the caller has no more. */
  readonly serve: (requests: AsyncIterable<Received<Q>>, send: Send<A>, call: EtcdCall) => Promise<void>;
};

/** A method for strangers. */
export type OpenMethod<Q extends MessageType, A extends MessageType> = {
  readonly kind: 'open';
  readonly paths: readonly string[];
  readonly request: Q;
  readonly response: A;
  /** `address` is the caller's. */
  readonly answer: (request: Received<Q>, address: string | undefined) => Promise<Sent<A>>;
};

export type Method =
  | UnaryMethod<MessageType, MessageType>
  | StreamMethod<MessageType, MessageType>
  | OpenMethod<MessageType, MessageType>;
/** By the name over gRPC, such as `/etcdserverpb.KV/Range`. */
export type Methods = Readonly<Record<string, Method>>;

export function unary<Q extends MessageType, A extends MessageType>(
  paths: readonly string[],
  request: Q,
  response: A,
  answer: UnaryMethod<Q, A>['answer'],
): Method {
  return { kind: 'unary', paths, request, response, answer: answer as UnaryMethod<MessageType, MessageType>['answer'] };
}

export function stream<Q extends MessageType, A extends MessageType>(
  paths: readonly string[],
  request: Q,
  response: A,
  serve: StreamMethod<Q, A>['serve'],
): Method {
  return { kind: 'stream', paths, request, response, serve: serve as StreamMethod<MessageType, MessageType>['serve'] };
}

export function open<Q extends MessageType, A extends MessageType>(
  paths: readonly string[],
  request: Q,
  response: A,
  answer: OpenMethod<Q, A>['answer'],
): Method {
  return { kind: 'open', paths, request, response, answer: answer as OpenMethod<MessageType, MessageType>['answer'] };
}
