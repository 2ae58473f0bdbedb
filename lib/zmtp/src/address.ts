import { OperatingError } from '@plumb/base';

/** `sun_path` of a unix socket on Linux has 108 bytes, the last of which is zero. */
const SOCKET_PATH_BYTES_MAX = 107;
const PORT_MAX = 65_535;

export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'ipc'; readonly path: string };

/**
 * Reads `tcp://HOST:PORT` (a name, an IPv4 or a bracketed IPv6 address; `*` is every interface; port `*` is 0, any that
 * is free) or `ipc:///PATH` (`ipc://@NAME` in Linux' abstract space). @throws OperatingError `invalid`.
 */
export function parseAddress(text: string): Address {
  const [, path] = /^ipc:\/\/([/@].+)$/.exec(text) ?? [];
  if (path !== undefined) return { kind: 'ipc', path: checkPath(path) };
  const [, host, port] = /^tcp:\/\/(\[[0-9a-f:.]+\]|[a-z0-9._-]+|\*):(\d{1,5}|\*)$/i.exec(text) ?? [];
  const portNumber = port === '*' ? 0 : Number(port);
  if (host === undefined || portNumber > PORT_MAX) {
    throw new OperatingError(
      'invalid',
      `"${text}" is not an address: write tcp://127.0.0.1:7701 or ipc:///path/to.sock`,
    );
  }
  return { kind: 'tcp', host: host === '*' ? '0.0.0.0' : host.replaceAll(/[[\]]/g, ''), port: portNumber };
}

/** The inverse of `parseAddress`. */
export function formatAddress(address: Address): string {
  if (address.kind === 'ipc') return `ipc://${address.path}`;
  return `tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** What `node:net` wants, to listen and to connect. */
export function netOptions(address: Address): { path: string } | { host: string; port: number } {
  if (address.kind === 'tcp') return { host: address.host, port: address.port };
  return { path: address.path.startsWith('@') ? `\0${address.path.slice(1)}` : address.path };
}

function checkPath(path: string): string {
  const sizeBytes = Buffer.byteLength(path);
  if (sizeBytes <= SOCKET_PATH_BYTES_MAX) return path;
  const advice = `a unix socket's path has at most ${SOCKET_PATH_BYTES_MAX} bytes: use a shorter directory`;
  throw new OperatingError('invalid', `cannot use ${path} with its ${sizeBytes} bytes: ${advice}`);
}
