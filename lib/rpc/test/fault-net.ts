/** What `node:net` is in tests that run on a network in memory: `vi.mock('node:net', async () => (await import('./fault-net.ts')).mocked)`. */
import type { FakeNet } from '@plumb/testing';

let current: FakeNet | undefined;

/** From now on sockets are of this network. */
export function useNet(net: FakeNet): void {
  current = net;
}

function require(): FakeNet {
  if (current === undefined) throw new Error('there is no network: make a world first');
  return current;
}

const net: FakeNet = {
  connect: (options) => require().connect(options),
  createServer: (options, onConnection) => require().createServer(options, onConnection),
};

export const mocked = { default: net, ...net };
