import fs from 'node:fs/promises';
import { Etcd3 } from 'etcd3';
import { findProgram, startEtcd } from '@plumb/testing';

/** What proc(5) counts time in. */
const TICK_US = 10_000;

export type EtcdPeer = AsyncDisposable & {
  /** What its registrations do: a lease for each, and a key that belongs to it; synced. */
  readonly register: (i: number) => Promise<void>;
  /** Of its process, so far. */
  readonly cpuUs: () => Promise<number>;
};

/** Undefined where it is not installed. */
export async function openEtcdPeer(): Promise<EtcdPeer | undefined> {
  if (findProgram('etcd') === undefined) return undefined;
  const server = await startEtcd({ isDurable: true });
  const client = new Etcd3({ hosts: server.endpoint });
  const value = Buffer.alloc(300, 'x');
  return {
    async register(i) {
      const lease = client.lease(300, { autoKeepAlive: false });
      await lease.put(`instance/${i % 20_000}`).value(value);
    },
    async cpuUs() {
      const stat = await fs.readFile(`/proc/${server.pid()}/stat`, 'utf8');
      // The name, which may have spaces, is in brackets; user and system time are the 14th and 15th field.
      const [, rest = ''] = stat.split(') ');
      const [user, system] = rest.split(' ').slice(11, 13).map(Number);
      return ((user ?? 0) + (system ?? 0)) * TICK_US;
    },
    async [Symbol.asyncDispose]() {
      client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}
