/** Carries requests and answers of the door over Node's HTTP. Who sends it is known before. */
import type { Caller } from '@plumb/rpc';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { onAbort } from '../on-abort.ts';
import type { ConsulDoor } from './consul-door.ts';
import type { ConsulAnswer } from './consul-request.ts';
import { BODY_SIZE_BYTES_MAX } from './limits.ts';

export type ConsulAccess = {
  readonly caller: Caller;
  /** Aborts when the caller's credential has ended. */
  readonly ended: AbortSignal;
};

/** Resolves when the answer is handed to the socket, or nobody is there to take it. */
export async function serveConsul(
  door: Pick<ConsulDoor, 'answer'>,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  access: ConsulAccess,
): Promise<void> {
  let body: Uint8Array | undefined;
  try {
    body = await readBody(request);
  } catch {
    // They left in the middle of it: there is nobody to tell.
    return;
  }
  if (body === undefined) {
    // What is still to come is not read.
    response.setHeader('connection', 'close');
    return send(response, TOO_LARGE);
  }
  const url = request.url ?? '/';
  const at = url.indexOf('?');
  using interest = new Interest(response, access.ended);
  const answer = await door.answer({
    method: request.method ?? 'GET',
    path: at < 0 ? url : url.slice(0, at),
    query: new URLSearchParams(at < 0 ? '' : url.slice(at)),
    body,
    caller: access.caller,
    signal: () => interest.signal(),
  });
  if (!response.destroyed) send(response, answer);
}

const TOO_LARGE: ConsulAnswer = {
  status: 413,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: `Request body too large, max size: ${BODY_SIZE_BYTES_MAX} bytes.`,
};

/** Given as it is: an error of its own, with its stack, costs more than the rest of a request. */
const NOBODY_WAITS = new Error('nobody waits for the answer any more');

/** Whether somebody waits for the answer, and may. Costs nothing to those who do not wait: few requests ask for the signal. */
class Interest implements Disposable {
  readonly #response: ServerResponse;
  readonly #ended: AbortSignal;
  #controller: AbortController | undefined;
  #waiting: Disposable | undefined;
  readonly #end = (): void => this.#controller?.abort(NOBODY_WAITS);

  constructor(response: ServerResponse, ended: AbortSignal) {
    this.#response = response;
    this.#ended = ended;
  }

  signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal;
    this.#controller = new AbortController();
    this.#response.on('close', this.#end);
    this.#waiting = onAbort(this.#ended, this.#end);
    if (this.#response.destroyed) this.#end();
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    if (this.#controller === undefined) return;
    this.#response.off('close', this.#end);
    this.#waiting?.[Symbol.dispose]();
  }
}

/** What a caller is told whose credential is missing or wrong, as Consul does: it knows no 401. */
export function consulRefusal(credential: 'none' | 'wrong' | 'in-url'): ConsulAnswer {
  return { status: 403, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: REFUSALS[credential] };
}

const REFUSALS = {
  none: 'Permission denied: send a token of Plumb in the header X-Consul-Token, or as "Authorization: Bearer TOKEN"',
  wrong: 'ACL not found',
  'in-url': 'Permission denied: a token in a URL ends up in logs: send it in the header X-Consul-Token',
} as const;

function send(response: ServerResponse, { status, headers, body }: ConsulAnswer): void {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
  const own = { 'cache-control': 'no-store', vary: 'Accept-Encoding', 'content-length': length };
  response.writeHead(status, { ...own, ...headers });
  response.end(body);
}

const NO_BODY = new Uint8Array();

/** Undefined for one that is too large. Rejects when the caller leaves before all of it is there. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const { headers } = request;
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return NO_BODY;
  if (Number(headers['content-length'] ?? 0) > BODY_SIZE_BYTES_MAX) return undefined;
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | undefined>();
  request.on('data', (part: Buffer) => {
    sizeBytes += part.length;
    if (sizeBytes <= BODY_SIZE_BYTES_MAX) return void parts.push(part);
    request.pause();
    resolve(undefined);
  });
  request.on('end', () => resolve(parts.length === 1 ? parts[0] : Buffer.concat(parts)));
  request.on('error', reject);
  return promise;
}
