import net from 'node:net';
import { OperatingError } from '@plumb/base';

/** All ports are opened on the loopback address. */
export const HOST = '127.0.0.1';
/** The system hands out another each time; more misses than this mean that there is none. */
const TRIES_MAX = 50;

/** Whether a process of this host could listen there now. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await listen(port)) !== undefined;
}

/** A port that is free and not in `taken`. It is not held: whoever listens first has it. */
export async function findFreePort(taken: ReadonlySet<number>): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = await listen(0);
    if (port !== undefined && !taken.has(port)) return port;
  }
  throw new OperatingError('exhausted', `no free port was found on ${HOST}: end programs that hold many`);
}

async function listen(port: number): Promise<number | undefined> {
  const server = net.createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: HOST, exclusive: true }, resolve);
    });
    return (server.address() as net.AddressInfo).port;
  } catch {
    return undefined;
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
