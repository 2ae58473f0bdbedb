/** A network between a client and a server on this machine that keeps what goes through it. */
import { once } from 'node:events';
import net from 'node:net';

export type Network = AsyncDisposable & {
  readonly address: string;
  /** All bytes of both directions so far, a character each. */
  readonly seen: () => string;
};

export async function openNetwork(target: string): Promise<Network> {
  const { hostname: host, port } = new URL(target.replace(/^tcp:/, 'http:'));
  const chunks: Buffer[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((near) => {
    const far = net.connect({ host, port: Number(port) });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk: Buffer) => chunks.push(chunk));
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    seen: () => Buffer.concat(chunks).toString('latin1'),
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
