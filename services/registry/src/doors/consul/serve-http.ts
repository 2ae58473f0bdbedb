/** Carries requests and answers of the door over Node's HTTP. Who sends it is known before. */
import type { Caller } from '@plumb/rpc';
import type { IncomingMessage, ServerResponse } from 'node:http';
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
  { caller, ended }: ConsulAccess,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const body = await readBody(request);
  if (body === undefined) {
    // What is still to come is not read.
    response.setHeader('connection', 'close');
    send(response, {
      status: 413,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: `Request body too large, max size: ${BODY_SIZE_BYTES_MAX} bytes.`,
    });
    return;
  }
  const url = request.url ?? '/';
  const at = url.indexOf('?');
  const answer = await door.answer({
    method: request.method ?? 'GET',
    path: at < 0 ? url : url.slice(0, at),
    query: new URLSearchParams(at < 0 ? '' : url.slice(at)),
    body,
    caller,
    signal: AbortSignal.any([gone.signal, ended]),
  });
  if (!response.destroyed) send(response, answer);
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
  response.statusCode = status;
  response.setHeader('cache-control', 'no-store');
  response.setHeader('vary', 'Accept-Encoding');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(body);
}

/** Undefined for one that is too large. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes > BODY_SIZE_BYTES_MAX) return undefined;
    parts.push(part);
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}
