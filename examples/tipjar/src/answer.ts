/** Reading requests and writing answers, with the bounds and headers that every route shares. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A tip is a few hundred bytes. */
const BODY_SIZE_BYTES_MAX = 8_192;

/** Nothing from elsewhere, nothing inline, no frames, no form to elsewhere. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
} as const;

export type Answer = {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>> | undefined;
};

/** A request that cannot be used: the answer's status, and a sentence for the person. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function json(status: number, value: unknown, headers?: Answer['headers']): Answer {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n`, headers };
}

export function page(status: number, body: string): Answer {
  return { status, type: 'text/html; charset=utf-8', body };
}

export function plain(status: number, body: string, headers?: Answer['headers']): Answer {
  return { status, type: 'text/plain; charset=utf-8', body, headers };
}

export function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, type, body, headers }: Answer,
): void {
  // Also at once when the client went away.
  if (response.destroyed) return;
  const length = Buffer.byteLength(body);
  response.writeHead(status, {
    ...HEADERS,
    'cache-control': 'no-store',
    'content-type': type,
    'content-length': length,
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** The fields of a form or of a JSON object. @throws RequestError. */
export async function readFields(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/x-www-form-urlencoded') {
    return Object.fromEntries(new URLSearchParams(await readBody(request)));
  }
  if (type !== 'application/json') {
    throw new RequestError(415, 'Send the tip as application/json or as a form.');
  }
  const body = await readBody(request);
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below, as for JSON of another shape.
  }
  throw new RequestError(400, 'Send a JSON object such as {"amount":"0.05","name":"Ada","message":"Thank you"}.');
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  // Not destroyed with the iterator: the refusal still has to be sent over the same socket.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > BODY_SIZE_BYTES_MAX) {
      throw new RequestError(413, `Send at most ${BODY_SIZE_BYTES_MAX} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
