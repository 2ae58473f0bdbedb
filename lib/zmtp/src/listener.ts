/** An address that peers connect to. */
import fs from 'node:fs/promises';
import net from 'node:net';
import { describeError, OperatingError } from '@plumb/base';
import { type Address, formatAddress, netOptions } from './address.ts';

/**
 * Connections that the kernel takes while this program is busy: as many as a socket has peers. The kernel's own bound,
 * which is 4,096 on Linux (`net.core.somaxconn`), goes before it.
 */
const BACKLOG_MAX = 4_096;

export type Listener = {
  /** With the port that was really taken. */
  readonly address: string;
  /** Frees the address at once; connections stay. Resolves when the last of them has gone. */
  readonly close: () => Promise<void>;
};

/** @throws OperatingError `unavailable` where the address is taken or may not be used. */
export async function openListener(
  address: Address,
  onConnection: (socket: net.Socket, from: string) => void,
): Promise<Listener> {
  const server = net.createServer({ noDelay: true }, (socket) => {
    const from = address.kind === 'ipc' ? formatAddress(address) : `tcp://${socket.remoteAddress}:${socket.remotePort}`;
    onConnection(socket, from);
  });
  try {
    await listen(server, address);
  } catch (error) {
    if (!(await removeStale(address, error))) throw takenError(address, error);
    await listen(server, address).catch((cause: unknown) => {
      throw takenError(address, cause);
    });
  }
  // Nothing else can fail later: accepting without a free descriptor is reported here and goes on.
  server.on('error', () => undefined);
  const bound = server.address();
  const real: Address =
    address.kind === 'tcp' && bound !== null && typeof bound === 'object' ? { ...address, port: bound.port } : address;
  return {
    address: formatAddress(real),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function listen(server: net.Server, address: Address): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ ...netOptions(address), backlog: BACKLOG_MAX }, () => {
    server.off('error', reject);
    resolve();
  });
  return promise;
}

/** A socket file that a killed process left is removed; one that somebody listens on is not. */
async function removeStale(address: Address, error: unknown): Promise<boolean> {
  if (address.kind !== 'ipc' || address.path.startsWith('@') || !isCode(error, 'EADDRINUSE')) return false;
  const isStale = await new Promise<boolean>((resolve) => {
    const probe = net.connect(address.path);
    probe.once('error', (fault) => resolve(isCode(fault, 'ECONNREFUSED')));
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
  });
  if (isStale) await fs.rm(address.path, { force: true });
  return isStale;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function takenError(address: Address, cause: unknown): OperatingError {
  const why = isCode(cause, 'EADDRINUSE')
    ? 'another program listens there: stop it first, or choose another address'
    : `${describeError(cause)}: is the directory there and writable?`;
  return new OperatingError('unavailable', `cannot listen on ${formatAddress(address)}: ${why}`, { cause });
}
