/** A real etcd of one member, on free ports of 127.0.0.1, whose data goes with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { findProgram } from './requirement.ts';
import { openTemporaryDirectory } from './temporary-directory.ts';
import { until } from './until.ts';

export type EtcdServer = AsyncDisposable & {
  readonly endpoint: string;
  /** Of its process. */
  readonly pid: () => number;
  /** Ends it as a crash does, and starts it again on its data. */
  readonly restart: () => Promise<void>;
};

export type EtcdServerOptions = {
  /** Without it, writes are not synced: for tests of what etcd answers, not of what it keeps. */
  readonly isDurable?: boolean;
  readonly arguments?: readonly string[];
};

export async function startEtcd(options: EtcdServerOptions = {}): Promise<EtcdServer> {
  const directory = await openTemporaryDirectory();
  const [clientPort, peerPort] = await freePorts();
  const [endpoint, peer] = [`http://127.0.0.1:${clientPort}`, `http://127.0.0.1:${peerPort}`];
  const words = [
    '--name=test',
    `--data-dir=${directory.path}/etcd`,
    '--log-level=error',
    `--listen-client-urls=${endpoint}`,
    `--advertise-client-urls=${endpoint}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=test=${peer}`,
    '--max-txn-ops=1024',
    '--max-request-bytes=16777216',
    ...(options.isDurable === true ? [] : ['--unsafe-no-fsync']),
    ...(options.arguments ?? []),
  ];
  const start = async (): Promise<ChildProcess> => {
    const child = spawn(findProgram('etcd') ?? 'etcd', words, { stdio: 'ignore' });
    await until('etcd answers', async () => (await fetch(`${endpoint}/health`)).ok, { timeoutMs: 60_000 });
    return child;
  };
  const stop = async (child: ChildProcess): Promise<void> => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  let child = await start();
  return {
    endpoint,
    pid: () => child.pid ?? 0,
    async restart() {
      await stop(child);
      child = await start();
    },
    async [Symbol.asyncDispose]() {
      await stop(child);
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Two ports that were free a moment ago. */
async function freePorts(): Promise<readonly number[]> {
  const servers = [net.createServer(), net.createServer()];
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ports.push((server.address() as net.AddressInfo).port);
  }
  for (const server of servers) server.close();
  return ports;
}
