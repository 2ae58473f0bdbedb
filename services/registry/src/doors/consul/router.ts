/** Finds the endpoint of a request and makes an answer of what it says: methods, errors, JSON and its `pretty` form. */
import { describeError, ERROR_CODES, type Log, OperatingError } from '@plumb/base';
import { ConsulError } from './consul-error.ts';
import type { ConsulAnswer, ConsulRequest, Endpoints, Reply } from './consul-request.ts';

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json';
/** Go's `json.MarshalIndent` in Consul. */
const PRETTY_INDENT = 4;
/** From there on bytes, made once, are sent faster than text beside the head of the answer. */
const ENCODED_LENGTH_MIN = 4_096;

export class Router {
  readonly #endpoints: Endpoints;
  /** Those that take a name, the longest path first. */
  readonly #prefixes: readonly string[];
  readonly #log: Log;
  readonly #check: (request: ConsulRequest) => void;
  /** Values that many callers are answered with, such as all that watch one service, are encoded once. */
  readonly #texts = new WeakMap<object, string | Uint8Array>();

  /** `check` throws for what no endpoint answers. */
  constructor(
    endpoints: Endpoints,
    { log, check }: { readonly log: Log; readonly check: (request: ConsulRequest) => void },
  ) {
    this.#endpoints = endpoints;
    this.#check = check;
    this.#prefixes = Object.keys(endpoints)
      .filter((path) => path.endsWith('/'))
      .toSorted((a, b) => b.length - a.length);
    this.#log = log;
  }

  /** Never rejects: what goes wrong is an answer. */
  async answer(request: ConsulRequest): Promise<ConsulAnswer> {
    try {
      return this.#encode(await this.#run(request), request);
    } catch (error) {
      return this.#refuse(error, request);
    }
  }

  async #run(request: ConsulRequest): Promise<Reply> {
    const path = this.#find(request.path);
    const methods = path === undefined ? undefined : this.#endpoints[path];
    if (path === undefined || methods === undefined) {
      throw new ConsulError(404, 'Invalid URL path: not a recognized HTTP API endpoint');
    }
    this.#check(request);
    const allowed = Object.keys(methods);
    const allow = { allow: ['OPTIONS', ...allowed].join(',') };
    if (request.method === 'OPTIONS') return { contentType: TEXT, body: '', headers: allow };
    const endpoint = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
    if (endpoint === undefined) throw new ConsulError(405, `method ${request.method} not allowed`, allow);
    return endpoint({ ...request, name: path.endsWith('/') ? decode(request.path.slice(path.length)) : '' });
  }

  #find(path: string): string | undefined {
    if (Object.hasOwn(this.#endpoints, path)) return path;
    return this.#prefixes.find((prefix) => path.startsWith(prefix));
  }

  #encode(reply: Reply, { query }: ConsulRequest): ConsulAnswer {
    const { status = 200, headers = {} } = reply;
    if (!('value' in reply))
      return { status, headers: { 'content-type': reply.contentType, ...headers }, body: reply.body };
    const body = query.has('pretty')
      ? `${JSON.stringify(reply.value, undefined, PRETTY_INDENT)}\n`
      : this.#textOf(reply.value);
    return { status, headers: { 'content-type': JSON_TYPE, ...headers }, body };
  }

  #textOf(value: unknown): string | Uint8Array {
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const known = this.#texts.get(value);
    if (known !== undefined) return known;
    const text = JSON.stringify(value);
    const encoded = text.length > ENCODED_LENGTH_MIN ? Buffer.from(text) : text;
    this.#texts.set(value, encoded);
    return encoded;
  }

  #refuse(error: unknown, { method, path }: ConsulRequest): ConsulAnswer {
    const headers = { 'content-type': TEXT };
    if (error instanceof ConsulError) {
      return { status: error.status, headers: { ...headers, ...error.headers }, body: error.message };
    }
    if (error instanceof OperatingError && error.code !== 'internal') {
      return { status: ERROR_CODES[error.code].httpStatus, headers, body: error.message };
    }
    this.#log.error('consul.failed', { method, path, error: describeError(error) });
    return { status: 500, headers, body: 'internal error: it is in the log of plumbd' };
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ConsulError(400, 'Invalid URL path: it is not percent-encoded UTF-8');
  }
}
