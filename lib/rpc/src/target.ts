/**
 * Where a service is, as one line: `tcp://127.0.0.1:41231/math`, `ipc:///run/app/x.sock/math`, or `registry:math` for
 * wherever its instances are. An address as ZeroMQ has it, and behind it the name that the service was served under.
 */
import { OperatingError } from '@plumb/base';
import { formatAddress, parseAddress } from '@plumb/zmtp';

export type AddressTarget = {
  readonly kind: 'address';
  /** `tcp://HOST:PORT` or `ipc:///PATH`. */
  readonly address: string;
  /** Absent where the text is an address alone. */
  readonly service: string | undefined;
};

export type RegistryTarget = { readonly kind: 'registry'; readonly service: string };

export type Target = AddressTarget | RegistryTarget;

const ADVICE = 'write tcp://127.0.0.1:7701/NAME, ipc:///path/x.sock/NAME or registry:NAME';

/**
 * Reads a target. The last part of an `ipc` path is the service if it is a plain name, which a socket's file is not where it
 * ends in `.sock`. @throws OperatingError `invalid`.
 */
export function parseTarget(text: string): Target {
  const registered = /^registry:(.*)$/.exec(text)?.[1];
  if (registered !== undefined) {
    if (isServiceName(registered)) return { kind: 'registry', service: registered };
    throw notTarget(text, `"${registered}" is not the name of a service`);
  }
  if (!/^(tcp|ipc):\/\//.test(text)) throw notTarget(text, 'it has no address');
  const { address, service } = splitAddress(text);
  return { kind: 'address', address: formatAddress(parseAddress(address)), service };
}

/** A target that has to say which service it means. @throws OperatingError `invalid`. */
export function parseServiceTarget(text: string): Target & { readonly service: string } {
  const target = parseTarget(text);
  const { service } = target;
  if (service !== undefined) return { ...target, service };
  throw notTarget(text, 'it names no service');
}

/** The inverse of `parseTarget`, for a service behind an address. */
export function formatTarget(address: string, service: string): string {
  return `${address}/${service}`;
}

/** What `serve` takes as a name, and what a dispatcher's services are called. */
export function isServiceName(text: string): boolean {
  return /^[a-z][a-z0-9-]*$/i.test(text);
}

function splitAddress(text: string): { readonly address: string; readonly service: string | undefined } {
  const [, tcp, tcpService] = /^(tcp:\/\/[^/]*)\/([^/]*)$/.exec(text) ?? [];
  if (tcp !== undefined && tcpService !== undefined) {
    if (isServiceName(tcpService)) return { address: tcp, service: tcpService };
    throw notTarget(text, `"${tcpService}" is not the name of a service`);
  }
  const [, ipc, ipcService = ''] = /^(ipc:\/\/.*[^/])\/([^/]+)$/.exec(text) ?? [];
  if (ipc !== undefined && isServiceName(ipcService)) return { address: ipc, service: ipcService };
  return { address: text, service: undefined };
}

function notTarget(text: string, why: string): OperatingError {
  return new OperatingError('invalid', `"${text}" is not a target: ${why}: ${ADVICE}`);
}
