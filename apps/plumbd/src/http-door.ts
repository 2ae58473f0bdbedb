/**
 * The HTTP door: the console, the JSON API, the WebSocket that carries RPC, the Prometheus API, and Plumb's own metrics.
 *
 * Nothing is answered before the caller is known, whatever the path: strangers get 401 (below `/v1`, where Consul knows
 * no 401, 403), guessers 429. Only `/sign-in` takes a code instead. A request that a page of another origin made a browser send is refused.
 */
import { ERROR_CODES, errorToData, type Log, OperatingError } from '@plumb/base';
import type { Authentication, Authenticator } from '@plumb/identity/server';
import { type Caller, WEBSOCKET_FRAME_BYTES_MAX } from '@plumb/rpc';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { isCrossSite, readCredentials, sessionCookieOf } from './credentials.ts';
import { PAGE_STYLE_HASH, refusalPage, signedInPage } from './sign-in-page.ts';
import type { StaticFile } from './static-files.ts';

/** The largest body of a call: a deploy's manifest or a configuration value is far below. */
const BODY_SIZE_BYTES_MAX = 1_048_576;
/** Browsers, scrapers, and programs that wait for a change in Consul's way, which have a bound of their own. */
const CONNECTIONS_MAX = 5_000;
/** Connections that wait to be taken: all who watch come at once after a restart, and who finds no place tries again a second later. */
const BACKLOG_MAX = 4_096;
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** A cookie outlives its session a little at most; the server decides. */
const COOKIE_AGE_S = 14 * 86_400;

/** Everything from Plumb itself, nothing inline but the style of the two plain pages, never in a frame. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': `default-src 'self'; style-src 'self' '${PAGE_STYLE_HASH}'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'`,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

export type HttpRoute = AnsweringRoute | ServingRoute;

export type AnsweringRoute = {
  /** Answers a request that is known to come from `caller`; `params` are those of the query and of a form body. */
  readonly answer: (
    request: { method: string; path: string; params: URLSearchParams },
    caller: Caller,
  ) => Promise<HttpAnswer>;
};

/** Speaks a protocol of its own below its path. */
export type ServingRoute = {
  /** As a credential, beside those that all paths take. */
  readonly tokenHeader: string;
  /** What a stranger is told; without it, what all paths say. */
  readonly refusal: (request: IncomingMessage) => HttpAnswer;
  readonly serve: (exchange: { request: IncomingMessage; response: ServerResponse }, access: Access) => Promise<void>;
};

export type Access = {
  readonly caller: Caller;
  /** Aborts when the credential is worth nothing any more. */
  readonly ended: AbortSignal;
};

export type HttpAnswer = { readonly status: number; readonly contentType: string; readonly body: string };

export type HttpDoorDependencies = {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly authenticator: Authenticator;
  /** Runs `SERVICE.METHOD`; throws what the caller is told. */
  readonly call: (method: string, input: unknown, caller: Caller, signal: AbortSignal) => Promise<unknown>;
  /** Serves RPC on a WebSocket whose caller is known. */
  readonly acceptSocket: (socket: WebSocket, caller: Caller) => void;
  /** By the longest path prefix. */
  readonly routes: Readonly<Record<string, HttpRoute>>;
  readonly files: ReadonlyMap<string, StaticFile>;
  /** Resolves when every service is there: nobody is answered before. */
  readonly ready: Promise<void>;
  /** Told of each answer; `route` is one of few words, never a path that a stranger chose. */
  readonly observe: (route: string, status: number, seconds: number) => void;
  readonly log: Log;
};

export type HttpDoor = AsyncDisposable & { readonly port: number };

/** @throws OperatingError `unavailable` when the port is taken or may not be used. */
export async function openHttpDoor(dependencies: HttpDoorDependencies): Promise<HttpDoor> {
  const { host, port, log } = dependencies;
  const server = http.createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS });
  server.maxConnections = CONNECTIONS_MAX;
  const connections = new Set<Duplex>();
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
  });
  const maxPayload = WEBSOCKET_FRAME_BYTES_MAX;
  const sockets = new WebSocketServer({ noServer: true, maxPayload, perMessageDeflate: false });

  server.on('request', (request, response) => {
    const startedAt = performance.now();
    response.on('close', () => {
      dependencies.observe(
        routeName(pathOf(request), dependencies.routes),
        response.statusCode,
        (performance.now() - startedAt) / 1_000,
      );
    });
    void answer(dependencies, request, response).catch((error: unknown) => {
      const data = errorToData(error);
      if (data.code === 'internal') log.error('http.failed', { method: request.method, path: pathOf(request), error });
      if (response.headersSent) response.destroy();
      else sendJson(response, ERROR_CODES[data.code].httpStatus, { error: data });
    });
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    void upgrade(dependencies, sockets, request, socket, head).catch((error: unknown) => {
      log.error('http.upgrade-failed', { error });
      socket.destroy();
    });
  });
  await listen(server, host, port);
  // What the kernel refuses, such as one more open file, is refused to a caller and no reason to end.
  server.on('error', (error) => log.error('http.server', { error }));

  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}

async function listen(server: http.Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ port, host, backlog: BACKLOG_MAX }, resolve);
  try {
    await promise;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be opened (${code ?? String(error)})`;
    throw new OperatingError(
      'unavailable',
      `HTTP port ${port} on ${host} ${what}: choose another with --http PORT, or 0 for any free one`,
      {
        cause: error,
      },
    );
  } finally {
    server.off('error', reject);
  }
}

async function answer(
  dependencies: HttpDoorDependencies,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  await dependencies.ready;
  const path = pathOf(request);
  if (path === '/sign-in') return signIn(dependencies, request, response);

  const route = findRoute(path, dependencies.routes);
  const serving = route !== undefined && 'serve' in route ? route : undefined;
  const authentication = await authenticate(dependencies, request, serving?.tokenHeader);
  if (authentication.kind === 'unknown' && serving !== undefined) {
    const { status, contentType, body } = serving.refusal(request);
    // What the stranger still sends is not read.
    response.setHeader('connection', 'close');
    return send(response, status, contentType, body);
  }
  if (authentication.kind !== 'known') return refuse(request, response, authentication);
  if (request.method !== 'GET' && request.method !== 'HEAD' && isCrossSite(request)) {
    throw new OperatingError(
      'denied',
      `a page of ${request.headers.origin ?? 'another site'} may not call Plumb: use the console itself`,
    );
  }

  const { caller } = authentication;
  if (path === '/sign-out') return signOut(dependencies, request, response);
  if (path.startsWith('/api/')) return answerCall(dependencies, path.slice('/api/'.length), request, response, caller);
  if (serving !== undefined) return serving.serve({ request, response }, authentication);
  if (route !== undefined && 'answer' in route) return answerRoute(route, path, request, response, caller);
  sendFile(dependencies.files, path, request, response);
}

async function authenticate(
  { authenticator }: HttpDoorDependencies,
  request: IncomingMessage,
  tokenHeader?: string,
): Promise<Authentication> {
  const credentials = readCredentials(request, tokenHeader);
  const address = request.socket.remoteAddress ?? '';
  if (credentials === undefined) return { kind: 'unknown' };
  return credentials.kind === 'token'
    ? authenticator.authenticateToken(credentials.secret, address)
    : authenticator.authenticateSession(credentials.secret, address);
}

/** 401, or 429 for an address that was wrong too often; as a page for people and as JSON for programs. */
function refuse(request: IncomingMessage, response: ServerResponse, authentication: Authentication): void {
  const isLimited = authentication.kind === 'limited';
  if (isLimited) response.setHeader('retry-after', String(Math.ceil(authentication.retryAfterMs / 1_000)));
  else response.setHeader('www-authenticate', 'Bearer realm="plumb"');
  const status = isLimited ? 429 : 401;
  // What the stranger still sends is not read.
  response.setHeader('connection', 'close');
  if ((request.headers.accept ?? '').includes('text/html')) {
    send(response, status, 'text/html; charset=utf-8', refusalPage(isLimited));
    return;
  }
  const message = isLimited
    ? 'too many wrong tokens from this address: wait, then try again'
    : 'a token or a session is needed: send "authorization: Bearer TOKEN", or sign in with the link of "plumb token link"';
  sendJson(response, status, { error: { code: isLimited ? 'exhausted' : 'denied', message } });
}

async function signIn(
  { authenticator }: HttpDoorDependencies,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const code = new URL(request.url ?? '/', 'http://plumb').searchParams.get('code') ?? '';
  const outcome =
    request.method === 'GET' && code !== ''
      ? await authenticator.signIn(code, request.socket.remoteAddress ?? '')
      : undefined;
  if (outcome?.kind !== 'known') {
    // A link that was used already is followed again by whoever keeps it in a tab: no reason to show them the door.
    const isSignedIn = request.method === 'GET' && (await authenticateQuietly(authenticator, request));
    if (!isSignedIn) return refuse(request, response, outcome ?? { kind: 'unknown' });
  } else {
    response.setHeader(
      'set-cookie',
      `${sessionCookieOf(request)}=${outcome.cookie}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${COOKIE_AGE_S}`,
    );
  }
  response.setHeader('cache-control', 'no-store');
  // A page that goes on by itself, not a redirect: a strict cookie is not sent along a redirect that began elsewhere.
  send(response, 200, 'text/html; charset=utf-8', signedInPage());
}

async function authenticateQuietly(authenticator: Authenticator, request: IncomingMessage): Promise<boolean> {
  const credentials = readCredentials(request);
  if (credentials?.kind !== 'session') return false;
  return (
    (await authenticator.authenticateSession(credentials.secret, request.socket.remoteAddress ?? '')).kind === 'known'
  );
}

async function signOut(
  { authenticator }: HttpDoorDependencies,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST') throw new OperatingError('invalid', 'signing out takes a POST');
  const credentials = readCredentials(request);
  if (credentials?.kind === 'session') await authenticator.signOut(credentials.secret);
  response.setHeader('set-cookie', `${sessionCookieOf(request)}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`);
  sendJson(response, 200, {});
}

async function answerCall(
  { call }: HttpDoorDependencies,
  method: string,
  request: IncomingMessage,
  response: ServerResponse,
  caller: Caller,
): Promise<void> {
  if (request.method !== 'POST') {
    response.setHeader('allow', 'POST');
    return sendJson(response, 405, {
      error: { code: 'invalid', message: `/api/${method} takes a POST with a JSON body` },
    });
  }
  const body = await readBody(request);
  let input: unknown;
  try {
    input = body === '' ? {} : JSON.parse(body);
  } catch (error) {
    throw new OperatingError('invalid', `the body of /api/${method} is not JSON: ${(error as Error).message}`);
  }
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  sendJson(response, 200, (await call(method, input, caller, gone.signal)) ?? null);
}

async function answerRoute(
  route: AnsweringRoute,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  caller: Caller,
): Promise<void> {
  const { searchParams: params } = new URL(request.url ?? '/', 'http://plumb');
  if (request.method === 'POST')
    for (const [name, value] of new URLSearchParams(await readBody(request))) params.append(name, value);
  const result = await route.answer({ method: request.method ?? 'GET', path, params }, caller);
  send(response, result.status, result.contentType, result.body);
}

function sendFile(
  files: ReadonlyMap<string, StaticFile>,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    throw new OperatingError('not-found', `there is nothing at ${path}`);
  // Any path without a dot is a page of the console, which routes by itself.
  const file = files.get(path) ?? (path.includes('.') ? undefined : files.get('/index.html'));
  if (file === undefined) throw new OperatingError('not-found', `there is nothing at ${path}`);
  response.setHeader('cache-control', file.isImmutable ? 'private, max-age=31536000, immutable' : 'private, no-cache');
  const isBrotli = file.brotli !== undefined && /\bbr\b/.test(String(request.headers['accept-encoding'] ?? ''));
  if (isBrotli) response.setHeader('content-encoding', 'br');
  response.setHeader('vary', 'accept-encoding');
  send(response, 200, file.contentType, isBrotli && file.brotli !== undefined ? file.brotli : file.body);
}

async function upgrade(
  dependencies: HttpDoorDependencies,
  sockets: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const reject = (status: number): void => {
    socket.end(
      `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
      // It left the server's care with the upgrade: nobody else closes it.
      () => socket.destroy(),
    );
  };
  await dependencies.ready;
  const authentication = await authenticate(dependencies, request);
  if (authentication.kind === 'unknown') return reject(401);
  if (authentication.kind === 'limited') return reject(429);
  if (isCrossSite(request)) return reject(403);
  if (pathOf(request) !== '/api/stream') return reject(404);
  const { caller, ended } = authentication;
  sockets.handleUpgrade(request, socket, head, (webSocket) => {
    const end = (): void => webSocket.terminate();
    ended.addEventListener('abort', end);
    webSocket.on('close', () => ended.removeEventListener('abort', end));
    if (ended.aborted) end();
    else dependencies.acceptSocket(webSocket, caller);
  });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes > BODY_SIZE_BYTES_MAX) {
      throw new OperatingError('invalid', `the body is over ${BODY_SIZE_BYTES_MAX} bytes: send less at a time`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function findRoute(path: string, routes: HttpDoorDependencies['routes']): HttpRoute | undefined {
  const prefix = findPrefix(path, routes);
  return prefix === undefined ? undefined : routes[prefix];
}

function findPrefix(path: string, routes: HttpDoorDependencies['routes']): string | undefined {
  const matches = Object.keys(routes).filter((prefix) => path === prefix || path.startsWith(`${prefix}/`));
  return matches.sort((a, b) => b.length - a.length)[0];
}

function routeName(path: string, routes: HttpDoorDependencies['routes']): string {
  return findPrefix(path, routes) ?? (path.startsWith('/api/') ? '/api' : path === '/sign-in' ? path : 'console');
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/';
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, 'application/json', JSON.stringify(value));
}

function send(response: ServerResponse, status: number, contentType: string, body: string | Buffer): void {
  response.statusCode = status;
  response.setHeader('content-type', contentType);
  if (!response.hasHeader('cache-control')) response.setHeader('cache-control', 'no-store');
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
