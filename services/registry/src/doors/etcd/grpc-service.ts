/** The methods over gRPC, by grpc-js: HTTP/2, flow control, deadlines and cancellation are its own. */
import { describeError, type Log } from '@plumb/base';
import {
  type ConnectionInjector,
  type Metadata,
  Server,
  ServerCredentials,
  type sendUnaryData,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceDefinition,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { onAbort } from '../on-abort.ts';
import type { Enter, Entrance } from './gate.ts';
import { type EtcdError, INTERNAL_ERROR, knownError, toEtcdError } from './etcd-error.ts';
import { Inbox } from './inbox.ts';
import {
  CONNECTION_CALLS_MAX,
  PING_PERIOD_MS,
  PING_TIMEOUT_MS,
  REQUEST_SIZE_BYTES_MAX,
  STREAM_REQUESTS_MAX,
} from './limits.ts';
import type { MessageType, Received, Sent } from './message-type.ts';
import type { Method, Methods, StreamMethod } from './method.ts';
import { Outlet } from './outlet.ts';
import { decodeMessage, encodeMessage } from './wire-codec.ts';

type AnyStream = StreamMethod<MessageType, MessageType>;
type Question = Received<MessageType>;
type Answer = Sent<MessageType>;
export type GrpcService = Disposable & Pick<ConnectionInjector, 'injectConnection'>;
/** Who makes a call, by its metadata: found before anything of the call is read. */
type Entrances = Pick<WeakMap<Metadata, Entrance>, 'get' | 'set'>;
export type GrpcDependencies = { readonly methods: Methods; readonly enter: Enter; readonly log: Log };

/** Serves the connections that it is given. Disposing cancels all calls; the connections are their owner's to close. */
export function createGrpcService(dependencies: GrpcDependencies): GrpcService {
  const entrances: Entrances = new WeakMap();
  const server = new Server({
    interceptors: [guard(dependencies, entrances)],
    'grpc.max_receive_message_length': REQUEST_SIZE_BYTES_MAX,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': CONNECTION_CALLS_MAX,
    'grpc.keepalive_time_ms': PING_PERIOD_MS,
    'grpc.keepalive_timeout_ms': PING_TIMEOUT_MS,
    'grpc.enable_channelz': 0,
  });
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [path, method] of Object.entries(dependencies.methods)) {
    definition[path] = definitionOf(path, method);
    implementation[path] = handlerOf(method, dependencies, entrances);
  }
  server.addService(definition, implementation);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    injectConnection: (connection) => injector.injectConnection(connection),
    [Symbol.dispose]() {
      injector.destroy();
      server.forceShutdown();
    },
  };
}

function definitionOf(path: string, { kind, request, response }: Method): ServiceDefinition[string] {
  return {
    path,
    requestStream: kind === 'stream',
    responseStream: kind === 'stream',
    requestSerialize: (message: Question) => encodeMessage(request, message),
    requestDeserialize: (bytes) => decodeMessage(request, bytes),
    responseSerialize: (message: Answer) => encodeMessage(response, message),
    responseDeserialize: (bytes) => decodeMessage(response, bytes),
  };
}

/** Lets no message of a call in before its caller is known: until then they stay in the socket, which holds little. */
function guard({ methods, enter, log }: GrpcDependencies, entrances: Entrances): ServerInterceptor {
  return ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata(metadata, go) {
            if (methods[path]?.kind === 'open') return go(metadata);
            enter(tokenOf(metadata), addressOf(call.getPeer())).then(
              (entrance) => {
                entrances.set(metadata, entrance);
                go(metadata);
              },
              (error: unknown) => call.sendStatus(refusalOf(error, log)),
            );
          },
        }),
    });
}

function refusalOf(error: unknown, log: Log): { readonly code: number; readonly details: string } {
  const known = toEtcdError(error) ?? unknownError(error, log);
  return { code: known.code, details: known.message };
}

function handlerOf(method: Method, { log }: GrpcDependencies, entrances: Entrances): UntypedHandleCall {
  const refusal = (error: unknown): ReturnType<typeof refusalOf> => refusalOf(error, log);
  if (method.kind === 'stream') {
    return (call: ServerDuplexStream<Question, Answer>) => {
      serveStream(method, call, entrances).then(
        () => call.end(),
        (error: unknown) => call.emit('error', refusal(error)),
      );
    };
  }
  return async (call: ServerUnaryCall<Question, Answer>, callback: sendUnaryData<Answer>) => {
    let answer: Answer;
    try {
      answer = await answerUnary(method, call, entrances);
    } catch (error) {
      callback(refusal(error));
      return;
    }
    callback(null, answer);
  };
}

async function answerUnary(
  method: Exclude<Method, AnyStream>,
  call: ServerUnaryCall<Question, Answer>,
  entrances: Entrances,
): Promise<Answer> {
  if (method.kind === 'open') return method.answer(call.request, addressOf(call.getPeer()));
  const { caller, ended } = entranceOf(call.metadata, entrances);
  return method.answer(call.request, { caller, signal: ended });
}

async function serveStream(
  { serve }: AnyStream,
  call: ServerDuplexStream<Question, Answer>,
  entrances: Entrances,
): Promise<void> {
  const inbox = new Inbox<Question>(STREAM_REQUESTS_MAX, () => call.resume());
  const outlet = new Outlet(call);
  const stop = new AbortController();
  const leave = (): void => {
    stop.abort();
    inbox.end();
    outlet.release();
  };
  call.on('cancelled', leave);
  call.on('close', leave);
  call.on('data', (request: Question) => {
    if (!inbox.push(request)) call.pause();
  });
  call.on('end', () => inbox.end());
  const { caller, ended } = entranceOf(call.metadata, entrances);
  using _leaving = onAbort(ended, leave);
  await serve(inbox, (answer) => outlet.write(answer), { caller, signal: stop.signal });
  // The caller goes on, but without its token.
  if (ended.aborted) throw knownError('invalidToken');
}

/** @throws EtcdError where the guard let nobody in. */
function entranceOf(metadata: Metadata, entrances: Entrances): Entrance {
  const entrance = entrances.get(metadata);
  if (entrance === undefined) throw knownError('userEmpty');
  return entrance;
}

function tokenOf(metadata: Metadata): string | undefined {
  const [shown] = [...metadata.get('token'), ...metadata.get('authorization')];
  return shown?.toString();
}

/** Of `127.0.0.1:40000`. */
function addressOf(peer: string): string | undefined {
  const colon = peer.lastIndexOf(':');
  return colon < 0 ? undefined : peer.slice(0, colon);
}

function unknownError(error: unknown, log: Log): EtcdError {
  log.error('etcd.failed', { error: describeError(error) });
  return INTERNAL_ERROR;
}
