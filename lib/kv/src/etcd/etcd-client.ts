/**
 * Calls to etcd through its JSON gateway (`/v3/…`, etcd 3.4 and later) over `node:http`: unary calls, and streams of lines.
 * Why the gateway and not gRPC: `docs/decisions/0013-etcd-by-its-json-gateway.md`.
 */
import http from 'node:http';
import https from 'node:https';
import { describeError, OperatingError } from '@plumb/base';
import { etcdError, hasReason } from './etcd-error.ts';

/** A cluster that elects a leader answers after a second or two; beyond that waiting does not help. */
const CALL_TIMEOUT_MS = 5_000;
/** Bytes of an answer: a range of the largest store that `Kv` holds, in base64, would be refused by V8 as a string. */
const ANSWER_SIZE_BYTES_MAX = 256 * 1_048_576;
/** Between probes of an idle stream: a host that vanished is found after some of them. */
const KEEP_ALIVE_MS = 10_000;

export type EtcdCredentials = { readonly username: string; readonly password: string };
export type EtcdTls = { readonly ca?: string; readonly cert?: string; readonly key?: string };
export type EtcdClientOptions = {
  /** Such as `http://127.0.0.1:2379`; the next is tried when one cannot be reached. At least one. */
  readonly endpoints: readonly string[];
  readonly credentials?: EtcdCredentials | undefined;
  /** PEM, for endpoints with https. */
  readonly tls?: EtcdTls | undefined;
};

export class EtcdClient implements Disposable {
  readonly #options: EtcdClientOptions;
  readonly #agents: readonly [http.Agent, https.Agent];
  #endpointIndex = 0;
  #token: Promise<string> | undefined;

  constructor(options: EtcdClientOptions) {
    this.#options = options;
    this.#agents = [new http.Agent({ keepAlive: true }), new https.Agent({ keepAlive: true, ...options.tls })];
  }

  /**
   * The answer to one call. `path` is without `/v3/`.
   * @throws OperatingError `unavailable` when no endpoint answers: a write may have been done all the same.
   */
  async call<T>(path: string, body: object): Promise<T> {
    const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
    return this.#withToken(async (token) => {
      const response = await this.#send(path, body, { token, signal });
      return parseAnswer<T>(await readText(response), response.statusCode ?? 0);
    });
  }

  /** The results of a streaming call until `signal` aborts. @throws OperatingError when it ends otherwise. */
  async *stream<T>(path: string, body: object, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
    const response = await this.#withToken((token) => this.#send(path, body, { token, signal }));
    try {
      for await (const line of linesOf(response)) {
        const { result } = parseAnswer<{ readonly result?: T }>(line, response.statusCode ?? 0);
        if (result !== undefined) yield result;
      }
    } catch (error) {
      if (signal.aborted) return;
      throw unreachable(path, error);
    } finally {
      response.destroy();
    }
    if (!signal.aborted) throw unreachable(path, new Error('the stream ended'));
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents) agent.destroy();
  }

  /** Tries again with a fresh token when etcd has forgotten the one it gave. */
  async #withToken<T>(work: (token: string | undefined) => Promise<T>): Promise<T> {
    const { credentials } = this.#options;
    if (credentials === undefined) return work(undefined);
    this.#token ??= this.#authenticate(credentials);
    const token = this.#token;
    try {
      return await work(await token);
    } catch (error) {
      if (this.#token === token) this.#token = undefined;
      if (!hasReason(error, 'token')) throw error;
      this.#token ??= this.#authenticate(credentials);
      return work(await this.#token);
    }
  }

  async #authenticate({ username, password }: EtcdCredentials): Promise<string> {
    const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
    const response = await this.#send('auth/authenticate', { name: username, password }, { token: undefined, signal });
    const answer = parseAnswer<{ readonly token: string }>(await readText(response), response.statusCode ?? 0);
    return answer.token;
  }

  /** Sends to the endpoint that answered last, and to the others in turn when it cannot be reached. */
  async #send(path: string, body: object, options: SendOptions): Promise<http.IncomingMessage> {
    const { endpoints } = this.#options;
    let last: unknown;
    for (const _ of endpoints) {
      try {
        return await this.#sendTo(endpoints[this.#endpointIndex] ?? '', path, body, options);
      } catch (error) {
        last = error;
        // Only what was surely not sent is sent again elsewhere.
        if (options.signal.aborted || !isRefused(error)) break;
        this.#endpointIndex = (this.#endpointIndex + 1) % endpoints.length;
      }
    }
    throw unreachable(path, last);
  }

  #sendTo(endpoint: string, path: string, body: object, { token, signal }: SendOptions): Promise<http.IncomingMessage> {
    const url = new URL(`/v3/${path}`, endpoint);
    const isSecure = url.protocol === 'https:';
    const headers = { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: token }) };
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    const agent = this.#agents[isSecure ? 1 : 0];
    const request = (isSecure ? https : http).request(url, { method: 'POST', agent, headers, signal }, resolve);
    request.on('error', reject);
    request.setSocketKeepAlive(true, KEEP_ALIVE_MS);
    request.end(JSON.stringify(body));
    return promise;
  }
}

type SendOptions = { readonly token: string | undefined; readonly signal: AbortSignal };

/** Parses one JSON text of an answer. @throws OperatingError for the error that it tells of. */
function parseAnswer<T>(text: string, status: number): T {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw new OperatingError('unavailable', `etcd answered ${status} and no JSON: ${text.slice(0, 100)}`, { cause });
  }
  const { error } = answer as { readonly error?: string | { readonly message?: string; readonly grpc_code?: number } };
  if (error === undefined) return answer as T;
  // That of a stream has the parts of a unary call's in one more object.
  if (typeof error === 'object') throw etcdError(error.message ?? 'etcd ended a stream', error.grpc_code);
  throw etcdError(error, (answer as { readonly code?: number }).code);
}

async function readText(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size > ANSWER_SIZE_BYTES_MAX) {
        throw new OperatingError('exhausted', `etcd answers more than ${ANSWER_SIZE_BYTES_MAX} bytes: ask for less`);
      }
    }
  } catch (error) {
    throw unreachable('an answer', error);
  }
  return Buffer.concat(chunks).toString();
}

async function* linesOf(response: http.IncomingMessage): AsyncGenerator<string, void, undefined> {
  let rest: Buffer[] = [];
  let size = 0;
  for await (const data of response) {
    let chunk = data as Buffer;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10)) {
      const line = Buffer.concat([...rest, chunk.subarray(0, end)]).toString();
      [rest, size, chunk] = [[], 0, chunk.subarray(end + 1)];
      if (line.trim() !== '') yield line;
    }
    rest.push(chunk);
    size += chunk.length;
    if (size > ANSWER_SIZE_BYTES_MAX) throw new Error(`a line is longer than ${ANSWER_SIZE_BYTES_MAX} bytes`);
  }
}

function isRefused(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ENOTFOUND' || code === 'EAI_AGAIN';
}

function unreachable(path: string, cause: unknown): OperatingError {
  if (cause instanceof OperatingError) return cause;
  const message = `etcd did not answer ${path}: ${describeError(cause)}; check that it runs and can be reached`;
  return new OperatingError('unavailable', message, { cause });
}
