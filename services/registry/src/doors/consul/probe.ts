/** One try of a check: asks over HTTP or TCP, and says how it went. Never rejects. */
import type { Clock } from '@plumb/base';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { CheckProbe, CheckStatus } from './catalog-records.ts';
import { isOwnAddress, lookupOwn, unbracketed } from './own-addresses.ts';

export type ProbeOutcome = { readonly status: CheckStatus; readonly output: string };
export type ActiveProbe = Extract<CheckProbe, { kind: 'http' | 'tcp' }>;

export async function runProbe(probe: ActiveProbe, clock: Clock, closing: AbortSignal): Promise<ProbeOutcome> {
  const late = new AbortController();
  const lateError = new Error(`no answer within ${probe.timeoutMs} ms`);
  using _timer = clock.after(probe.timeoutMs, () => late.abort(lateError));
  const signal = AbortSignal.any([late.signal, closing]);
  try {
    return probe.kind === 'http' ? await askHttp(probe, signal) : await askTcp(probe, signal);
  } catch (error) {
    const reason = signal.aborted ? signal.reason : error;
    const target = probe.kind === 'http' ? `${probe.method} ${probe.url}` : `TCP connect ${probe.target}`;
    return { status: 'critical', output: `${target}: ${reason instanceof Error ? reason.message : String(reason)}` };
  }
}

/**
 * Passing for 2xx, warning for 429, critical for anything else, redirects included, which are not followed. What the
 * answer says is not read: it may be for other eyes than those of who reads the catalogue.
 */
async function askHttp(probe: Extract<ActiveProbe, { kind: 'http' }>, signal: AbortSignal): Promise<ProbeOutcome> {
  const { url, method, headers, skipVerify, serverName } = probe;
  const target = new URL(url);
  requireOwn(target.hostname);
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const options = {
    method,
    headers: { 'user-agent': 'Plumb Health Check', accept: 'text/plain, text/*, */*', ...sent(headers) },
    agent: false as const,
    lookup: lookupOwn,
    signal,
  };
  const tls = { rejectUnauthorized: !skipVerify, ...(serverName === '' ? {} : { servername: serverName }) };
  const request =
    target.protocol === 'https:' ? https.request(target, { ...options, ...tls }) : http.request(target, options);
  request.on('response', resolve);
  request.on('error', reject);
  request.end();
  const response = await promise;
  response.on('error', () => undefined);
  response.destroy();
  const { statusCode = 0, statusMessage = '' } = response;
  const isGood = statusCode >= 200 && statusCode < 300;
  const status = isGood ? 'passing' : statusCode === 429 ? 'warning' : 'critical';
  return { status, output: `HTTP ${method} ${url}: ${statusCode} ${statusMessage}` };
}

async function askTcp({ target }: Extract<ActiveProbe, { kind: 'tcp' }>, signal: AbortSignal): Promise<ProbeOutcome> {
  const { host, port } = splitTarget(target) ?? { host: '', port: 0 };
  requireOwn(host);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = net.connect({ host: unbracketed(host), port, lookup: lookupOwn, signal });
  try {
    socket.once('connect', resolve);
    socket.on('error', reject);
    await promise;
    return { status: 'passing', output: `TCP connect ${target}: Success` };
  } finally {
    socket.destroy();
  }
}

/** `HOST:PORT`; undefined for anything else. */
export function splitTarget(target: string): { readonly host: string; readonly port: number } | undefined {
  const [, host, digits] = /^(\[[^\]]+\]|[^:[\]/]+):(\d{1,5})$/.exec(target) ?? [];
  const port = Number(digits);
  return host !== undefined && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

/** A look-up is not made for an address: what a record holds may be older than the rule. */
function requireOwn(host: string): void {
  const plain = unbracketed(host);
  if (net.isIP(plain) !== 0 && !isOwnAddress(plain)) throw new Error(`${plain} is not an address of this machine`);
}

function sent(headers: Readonly<Record<string, readonly string[]>>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, values]) => [
      name.toLowerCase(),
      values.length === 1 ? (values[0] ?? '') : [...values],
    ]),
  );
}
