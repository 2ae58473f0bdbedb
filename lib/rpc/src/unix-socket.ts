/** The files of unix sockets, which ZeroMQ takes from whoever has them and leaves behind when it closes. */
import { once } from 'node:events';
import fs from 'node:fs/promises';
import net from 'node:net';
import { OperatingError } from '@plumb/base';

/** @throws OperatingError `unavailable` where a program listens there. A file that a dead one left is no hindrance. */
export async function refuseTakenSocket(address: string): Promise<void> {
  const path = socketPathOf(address);
  if (path === undefined) return;
  const socket = net.connect(path);
  try {
    await once(socket, 'connect');
  } catch {
    return;
  } finally {
    socket.destroy();
  }
  throw new OperatingError('unavailable', `cannot listen on ${address}: another program listens there: stop it first`);
}

export async function removeSocket(address: string): Promise<void> {
  const path = socketPathOf(address);
  if (path !== undefined) await fs.rm(path, { force: true });
}

function socketPathOf(address: string): string | undefined {
  return /^ipc:\/\/(.+)$/.exec(address)?.[1];
}
