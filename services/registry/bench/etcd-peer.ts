import { Etcd3 } from 'etcd3';
import { findProgram, startEtcd } from '@plumb/testing';
import { rateOf } from './bench-client.ts';

/** Registrations in etcd, synced; empty where it is not installed. */
export async function measureEtcd(periodMs: number): Promise<Record<string, number>> {
  if (findProgram('etcd') === undefined) return {};
  await using server = await startEtcd({ isDurable: true });
  const client = new Etcd3({ hosts: server.endpoint });
  const value = Buffer.alloc(300, 'x');
  const options = { atATime: 1_000, periodMs };
  try {
    const put = await rateOf(async (i) => client.put(`instance/${i % 20_000}`).value(value), options);
    const withLease = await rateOf(async (i) => {
      const lease = client.lease(300, { autoKeepAlive: false });
      await lease.put(`instance/${i % 20_000}`).value(value);
    }, options);
    return { 'etcd with lease': withLease, 'etcd put alone': put };
  } finally {
    client.close();
  }
}
