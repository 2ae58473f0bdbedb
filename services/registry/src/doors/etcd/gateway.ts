/**
 * The methods as JSON over HTTP/1, as etcd's gateway has them (https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/): a
 * POST with one object, or with several one after another for a method that takes a stream, whose answers are lines with a
 * `result` each. `/version` is for everybody, since clients choose their paths by it before they sign in.
 */
import { describeError, type Log } from '@plumb/base';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { onAbort } from '../on-abort.ts';
import { EtcdError, GRPC, type GrpcCode, INTERNAL_ERROR, knownError, toEtcdError } from './etcd-error.ts';
import type { Enter } from './gate.ts';
import { Inbox } from './inbox.ts';
import { fromJson, JsonError, toJson } from './json-codec.ts';
import { JsonPieces } from './json-pieces.ts';
import { OPEN_REQUEST_SIZE_BYTES_MAX, REQUEST_SIZE_BYTES_MAX, STREAM_REQUESTS_MAX } from './limits.ts';
import type { MessageType, Received } from './message-type.ts';
import type { Method, Methods, StreamMethod } from './method.ts';
import { Outlet } from './outlet.ts';
import { ETCD_API_VERSION } from './server-methods.ts';

const HTTP_STATUS: Readonly<Record<GrpcCode, number>> = {
  [GRPC.cancelled]: 408,
  [GRPC.invalidArgument]: 400,
  [GRPC.deadlineExceeded]: 504,
  [GRPC.notFound]: 404,
  [GRPC.alreadyExists]: 409,
  [GRPC.permissionDenied]: 403,
  [GRPC.resourceExhausted]: 429,
  [GRPC.failedPrecondition]: 412,
  [GRPC.aborted]: 409,
  [GRPC.outOfRange]: 400,
  [GRPC.unimplemented]: 501,
  [GRPC.internal]: 500,
  [GRPC.unavailable]: 503,
  [GRPC.unauthenticated]: 401,
};

type Question = Received<MessageType>;
export type GatewayDependencies = { readonly methods: Methods; readonly enter: Enter; readonly log: Log };
/** Never rejects. */
export type Gateway = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export function createGateway({ methods, enter, log }: GatewayDependencies): Gateway {
  const byPath = new Map<string, Method>();
  for (const method of Object.values(methods)) for (const path of method.paths) byPath.set(path, method);
  return async (request, response) => {
    try {
      await answer(byPath, enter, request, response);
    } catch (error) {
      const known = toKnown(error) ?? unknownError(error, log);
      if (response.headersSent) response.end(`${JSON.stringify({ error: streamError(known) })}\n`);
      else
        sendJson(response, HTTP_STATUS[known.code], { error: known.message, message: known.message, code: known.code });
    }
  };
}

async function answer(
  byPath: ReadonlyMap<string, Method>,
  enter: Enter,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://etcd').pathname;
  if (path === '/version' && request.method === 'GET') {
    return sendJson(response, 200, { etcdserver: ETCD_API_VERSION, etcdcluster: ETCD_API_VERSION });
  }
  const address = request.socket.remoteAddress;
  const method = byPath.get(path);
  if (method?.kind === 'open' && request.method === 'POST') {
    const input = fromJson(method.request, await readJson(request, OPEN_REQUEST_SIZE_BYTES_MAX));
    return sendJson(response, 200, toJson(method.response, await method.answer(input, address)));
  }
  const { caller, ended } = await enter(request.headers.authorization, address);
  if (path === '/health' && request.method === 'GET') return sendJson(response, 200, { health: 'true' });
  if (method === undefined) throw new EtcdError(GRPC.notFound, `there is nothing at ${path}`);
  if (request.method !== 'POST') {
    response.setHeader('allow', 'POST');
    return sendJson(response, 405, {
      error: 'Method Not Allowed',
      message: `${path} takes a POST`,
      code: GRPC.unimplemented,
    });
  }
  if (method.kind === 'stream') return serveStream(method, { request, response, ended }, caller);
  const input = fromJson(method.request, await readJson(request, REQUEST_SIZE_BYTES_MAX));
  const result = method.kind === 'unary' ? await method.answer(input, { caller, signal: ended }) : {};
  sendJson(response, 200, toJson(method.response, result));
}

type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly ended: AbortSignal;
};

async function serveStream(
  method: StreamMethod<MessageType, MessageType>,
  { request, response, ended }: Exchange,
  caller: Parameters<typeof method.serve>[2]['caller'],
): Promise<void> {
  const inbox = readPieces(request, method.request);
  const outlet = new Outlet(response);
  const stop = new AbortController();
  const leave = (): void => {
    stop.abort();
    inbox.end();
    outlet.release();
  };
  response.on('close', leave);
  using _leaving = onAbort(ended, leave);
  await method.serve(
    inbox,
    (result) => {
      if (!response.headersSent) response.writeHead(200, HEADERS);
      return outlet.write(`${JSON.stringify({ result: toJson(method.response, result) })}\n`);
    },
    { caller, signal: stop.signal },
  );
  if (ended.aborted) throw knownError('invalidToken');
  if (!response.headersSent) response.writeHead(200, HEADERS);
  response.end();
}

function readPieces(request: IncomingMessage, type: MessageType): Inbox<Question> {
  const inbox = new Inbox<Question>(STREAM_REQUESTS_MAX, () => request.resume());
  const pieces = new JsonPieces();
  const decoder = new StringDecoder();
  request.on('data', (chunk: Buffer) => {
    try {
      for (const piece of pieces.push(decoder.write(chunk))) {
        if (!inbox.push(fromJson(type, parseJson(piece)))) request.pause();
      }
      if (pieces.size > REQUEST_SIZE_BYTES_MAX) throw knownError('tooLarge');
    } catch (error) {
      inbox.fail(error);
    }
  });
  request.on('end', () => {
    if (pieces.isWithin) inbox.fail(new JsonError('the body ends within an object'));
    inbox.end();
  });
  request.on('error', () => inbox.end());
  return inbox;
}

async function readJson(request: IncomingMessage, sizeBytesMax: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > sizeBytesMax) throw knownError('tooLarge');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  return text.trim() === '' ? {} : parseJson(text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new JsonError(describeError(error));
  }
}

function toKnown(error: unknown): EtcdError | undefined {
  return error instanceof JsonError ? new EtcdError(GRPC.invalidArgument, error.message) : toEtcdError(error);
}

function unknownError(error: unknown, log: Log): EtcdError {
  log.error('etcd.failed', { error: describeError(error) });
  return INTERNAL_ERROR;
}

function streamError({ code, message }: EtcdError): object {
  return { grpc_code: code, http_code: HTTP_STATUS[code], message };
}

const HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  // What a refused caller still sends is not read.
  const connection = response.req.complete ? {} : { connection: 'close' };
  response.writeHead(status, { ...HEADERS, ...connection });
  response.end(JSON.stringify(value));
}
