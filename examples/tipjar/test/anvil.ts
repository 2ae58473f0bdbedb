/** A real chain for tests: the native binary of `@foundry-rs/anvil`, on a free port, in memory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import net, { type AddressInfo } from 'node:net';
import { until } from '@plumb/testing';

export type Anvil = AsyncDisposable & {
  readonly url: string;
  readonly process: ChildProcess;
  /** `eth_*` and `anvil_*` methods by name. */
  readonly call: (method: string, ...parameters: unknown[]) => Promise<unknown>;
};

/** `port` is for a chain that comes back empty where another one was. */
export async function openAnvil(port?: number): Promise<Anvil> {
  const chosen = port ?? (await freePort());
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const program = createRequire(import.meta.url).resolve(
    `@foundry-rs/anvil-${process.platform}-${architecture}/bin/anvil`,
  );
  const words = ['--host', '127.0.0.1', '--port', String(chosen), '--block-time', '1', '--mixed-mining', '--quiet'];
  const child = spawn(program, [...words, '--prune-history'], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${chosen}`;
  const call = async (method: string, ...parameters: unknown[]): Promise<unknown> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: parameters }),
      signal: AbortSignal.timeout(5_000),
    });
    const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } };
    if (error !== undefined) throw new Error(error.message);
    return result;
  };
  const anvil: Anvil = {
    url,
    process: child,
    call,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
  await until('anvil answers', async () => {
    if (child.exitCode !== null) throw new Error(`anvil exited with ${child.exitCode}`);
    return (await call('eth_chainId')) !== undefined;
  });
  return anvil;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
