/** A network that a test can cut: passes bytes on between a client and a server, both on this machine. */
import { once } from 'node:events';
import net from 'node:net';

export type Proxy = AsyncDisposable & {
  /** Where clients connect to. */
  readonly address: string;
  /** Ends every connection without a farewell. New ones are passed on. */
  readonly cut: () => void;
  /** Connections that are made from now on end without a farewell after so many bytes of both directions together. */
  readonly cutAfter: (bytes: number) => void;
  /** Reads nothing more from the server's side, as a client that hangs. */
  readonly stall: () => void;
  /** The connections of this moment stay, and nothing comes through them any more. New ones are passed on. */
  readonly swallow: () => void;
  /** The first MiB that went through, of both directions, as it came. */
  readonly passed: readonly Buffer[];
};

const PASSED_BYTES_MAX = 2 ** 20;

/** Listens beside the target: on a free port, or on `path`. */
export async function openProxy(target: net.NetConnectOpts, path?: string): Promise<Proxy> {
  const sockets = new Set<net.Socket>();
  const upstreams = new Set<net.Socket>();
  const passed: Buffer[] = [];
  let passedBytes = 0;
  const keep = (chunk: Buffer): void => {
    passedBytes += chunk.length;
    if (passedBytes <= PASSED_BYTES_MAX) passed.push(chunk);
  };
  let bytesMax = Infinity;
  const server = net.createServer((near) => {
    const far = net.connect(target);
    upstreams.add(far);
    let leftBytes = bytesMax;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      if (bytesMax === Infinity) from.pipe(to);
      else {
        from.on('data', (chunk: Buffer) => {
          to.write(chunk.subarray(0, leftBytes));
          leftBytes = Math.max(0, leftBytes - chunk.length);
          // What was written goes first.
          if (leftBytes === 0) to.end(() => from.destroy());
        });
      }
      from.on('data', keep);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        to.destroy();
        sockets.delete(from);
        upstreams.delete(from);
      });
    }
  });
  if (path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(path);
  await once(server, 'listening');
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    address: path === undefined ? `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}` : `ipc://${path}`,
    cut,
    passed,
    cutAfter: (bytes) => void (bytesMax = bytes),
    swallow: () =>
      sockets.forEach((socket) => {
        socket.unpipe();
        socket.resume();
      }),
    stall: () =>
      upstreams.forEach((socket) => {
        socket.unpipe();
        socket.pause();
      }),
    async [Symbol.asyncDispose]() {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}
