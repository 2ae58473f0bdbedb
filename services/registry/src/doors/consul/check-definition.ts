/** Reads what a caller says of a check, as Consul's agent takes it, into a record. */
import type { CheckProbe, CheckRecord, CheckStatus } from './catalog-records.ts';
import { badRequest } from './consul-error.ts';
import type { Fields } from './fields.ts';
import {
  CHECK_INTERVAL_MS_MIN,
  CHECK_OUTPUT_SIZE_BYTES_MAX,
  CHECK_TIMEOUT_MS_DEFAULT,
  DEREGISTER_AFTER_MS_MIN,
} from './limits.ts';
import { requireOwnHost } from './own-addresses.ts';
import { splitTarget } from './probe.ts';

/** What names the check, where its definition does not. */
export type CheckDefaults = {
  readonly node: string;
  readonly checkId: string;
  readonly name: string;
  readonly serviceId: string;
  readonly serviceName: string;
};

/** Requests that change nothing: a check is asked for again and again, by whoever may register one. */
const METHODS = ['GET', 'HEAD', 'OPTIONS'];
const HEADER = /^[!#$%&'*+.^_`|~0-9a-zA-Z-]+$/;
/** Kinds that Consul has and Plumb does not. */
const OTHER_KINDS = ['GRPC', 'UDP', 'H2PING', 'OSService', 'AliasService', 'AliasNode', 'DockerContainerID'];

/**
 * `by` tells who finds the status: an `agent` does what the definition says, and a `reported` one is what it is given.
 * @throws ConsulError 400 for what is no check, or asks for more than the door does.
 */
export function readCheck(fields: Fields, defaults: CheckDefaults, by: 'agent' | 'reported' = 'agent'): CheckRecord {
  const after = fields.durationMs('DeregisterCriticalServiceAfter') ?? 0;
  const successBeforePassing = fields.wholeNumber('SuccessBeforePassing') ?? 0;
  const failuresBeforeCritical = fields.wholeNumber('FailuresBeforeCritical') ?? 0;
  return {
    ...defaults,
    checkId: fields.text('CheckID') || fields.text('ID') || defaults.checkId,
    name: fields.text('Name') || defaults.name,
    notes: fields.text('Notes') ?? '',
    status: readStatus(fields.text('Status')) ?? 'critical',
    output: cutOutput(fields.text('Output') ?? ''),
    probe: by === 'agent' ? readProbe(fields) : { kind: 'none' },
    deregisterAfterMs: after > 0 ? Math.max(after, DEREGISTER_AFTER_MS_MIN) : 0,
    successBeforePassing,
    failuresBeforeCritical,
  };
}

/** Undefined where nothing is said. @throws ConsulError 400. */
export function readStatus(status: string | undefined): CheckStatus | undefined {
  if (status === undefined || status === '') return undefined;
  if (status === 'passing' || status === 'warning' || status === 'critical') return status;
  throw badRequest('Bad check status');
}

export function cutOutput(output: string): string {
  if (output.length <= CHECK_OUTPUT_SIZE_BYTES_MAX) return output;
  return `Captured ${CHECK_OUTPUT_SIZE_BYTES_MAX} of ${output.length} characters\n...\n${output.slice(-CHECK_OUTPUT_SIZE_BYTES_MAX)}`;
}

function readProbe(fields: Fields): CheckProbe {
  if (['Script', 'ScriptArgs', 'Args'].some((name) => fields.has(name))) {
    throw badRequest(
      "Scripts are disabled on this agent; to enable, configure 'enable_script_checks' or 'enable_local_script_checks' to true",
    );
  }
  const other = OTHER_KINDS.find((name) => fields.has(name) && fields.raw(name) !== '');
  if (other !== undefined) throw badRequest(`Invalid check: Plumb has no ${other} checks: use HTTP, TCP or TTL`);
  const [url, target] = [fields.text('HTTP') ?? '', fields.text('TCP') ?? ''];
  const ttlMs = fields.durationMs('TTL') ?? 0;
  const intervalMs = fields.durationMs('Interval') ?? 0;
  if (url === '' && target === '') {
    if (ttlMs <= 0) throw badRequest('Invalid check: TTL must be > 0 for TTL checks');
    return { kind: 'ttl', ttlMs };
  }
  if (intervalMs <= 0) {
    throw badRequest('Invalid check: Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService checks');
  }
  if (ttlMs > 0) throw badRequest('Invalid check: Interval and TTL cannot both be specified');
  const timing = {
    intervalMs: Math.max(intervalMs, CHECK_INTERVAL_MS_MIN),
    timeoutMs: fields.durationMs('Timeout') || CHECK_TIMEOUT_MS_DEFAULT,
  };
  return url === '' ? { kind: 'tcp', target: readTarget(target), ...timing } : readHttp(url, fields, timing);
}

function readHttp(
  url: string,
  fields: Fields,
  timing: { readonly intervalMs: number; readonly timeoutMs: number },
): CheckProbe {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw badRequest(`Invalid check: HTTP takes a URL with http or https, not "${url}"`);
  }
  requireOwnHost(parsed.hostname);
  const method = (fields.text('Method') || 'GET').toUpperCase();
  if (!METHODS.includes(method) || (fields.text('Body') ?? '') !== '') {
    throw badRequest(`Invalid check: checks change nothing: use ${METHODS.join(', ')} without a body`);
  }
  const headers = fields.textListMap('Header') ?? {};
  const bad = Object.entries(headers).find(
    ([name, values]) => !HEADER.test(name) || values.some((value) => /[^\t\x20-\x7e]/.test(value)),
  );
  if (bad !== undefined) throw badRequest(`Invalid check: the header "${bad[0]}" cannot be sent`);
  return {
    kind: 'http',
    url,
    method,
    headers,
    skipVerify: fields.boolean('TLSSkipVerify') ?? false,
    serverName: fields.text('TLSServerName') ?? '',
    ...timing,
  };
}

function readTarget(target: string): string {
  const parts = splitTarget(target);
  if (parts === undefined) throw badRequest(`Invalid check: TCP takes HOST:PORT, not "${target}"`);
  requireOwnHost(parts.host);
  return target;
}
