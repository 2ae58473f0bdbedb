/** The KV store of a Consul server, over its HTTP API. */
import { OperatingError } from '@plumb/base';

/** Consul answers from memory; a server that needs longer is not well. */
const TIMEOUT_MS = 30_000;

/** Some hundred thousand keys with a Consul of usual size are below it. */
const ANSWER_BYTES_MAX = 64 * 1_048_576;

export type ConsulOptions = {
  /** `http://HOST:8500`. */
  readonly address: string;
  /** Of what is asked for; all of it without one. */
  readonly prefix: string | undefined;
  /** ACL token, sent in a header. */
  readonly token: string | undefined;
  readonly signal: AbortSignal;
};

/** All keys under the prefix, as the API answers them. @throws OperatingError `unavailable`, `denied`, `exhausted`. */
export async function fetchConsulKv({ address, prefix = '', token, signal }: ConsulOptions): Promise<string> {
  const url = consulUrl(address, prefix);
  const headers: Record<string, string> = token === undefined ? {} : { 'X-Consul-Token': token };
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  let response: Response;
  try {
    // A redirect would carry the token to another server.
    response = await fetch(url, { headers, signal: limit, redirect: 'error' });
  } catch (cause) {
    const advice = 'check the address, and that this machine may reach it';
    throw new OperatingError('unavailable', `no answer from Consul at ${url.origin}: ${advice}`, { cause });
  }
  // Consul says "not found" where nothing is under the prefix.
  if (response.status === 404) return '[]';
  if (response.status === 401 || response.status === 403) {
    const advice = 'put a token that may read the keys in $CONSUL_HTTP_TOKEN';
    throw new OperatingError('denied', `Consul at ${url.origin} does not let us read "${prefix}": ${advice}`);
  }
  if (!response.ok) {
    throw new OperatingError('unavailable', `Consul at ${url.origin} answered ${response.status}: look at its log`);
  }
  return readBounded(response, url.origin);
}

function consulUrl(address: string, prefix: string): URL {
  const base = URL.parse(address);
  if (base === null || !/^https?:$/.test(base.protocol)) {
    throw new OperatingError('invalid', `"${address}" is no address of Consul: write http://HOST:8500`);
  }
  const path = prefix.split('/').map(encodeURIComponent).join('/');
  return new URL(`/v1/kv/${path}?recurse=true`, base);
}

async function readBounded(response: Response, origin: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of response.body ?? []) {
    sizeBytes += part.length;
    if (sizeBytes > ANSWER_BYTES_MAX) {
      const advice = 'take it in parts with --prefix';
      throw new OperatingError('exhausted', `Consul at ${origin} has over ${ANSWER_BYTES_MAX} bytes: ${advice}`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
