import { OperatingError } from '@plumb/base';

/** `sun_path` of a unix socket on Linux has 108 bytes, the last of which is zero. */
const SOCKET_PATH_BYTES_MAX = 107;

/**
 * Checks an address, `tcp://HOST:PORT` or `ipc:///PATH`, and returns it as ZeroMQ wants it: port 0, for any that is
 * free, is `*` there. @throws OperatingError `invalid`.
 */
export function checkAddress(address: string): string {
  const [, path] = /^ipc:\/\/(\/.+)$/.exec(address) ?? [];
  if (path !== undefined) return checkSocketPath(address, path);
  const [, host, port] = /^tcp:\/\/(\[[0-9a-f:.]+\]|[a-z0-9.-]+):(\d{1,5}|\*)$/i.exec(address) ?? [];
  if (host === undefined || Number(port) > 65_535) {
    throw new OperatingError(
      'invalid',
      `"${address}" is not an address: write tcp://127.0.0.1:7701 or ipc:///path/to.sock`,
    );
  }
  return Number(port) === 0 ? `tcp://${host}:*` : address;
}

function checkSocketPath(address: string, path: string): string {
  const sizeBytes = new TextEncoder().encode(path).length;
  if (sizeBytes <= SOCKET_PATH_BYTES_MAX) return address;
  const advice = `a unix socket's path has at most ${SOCKET_PATH_BYTES_MAX} bytes: use a shorter directory`;
  throw new OperatingError('invalid', `cannot use ${path} with its ${sizeBytes} bytes: ${advice}`);
}
