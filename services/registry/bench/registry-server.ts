/** The control plane of the benchmark, in a process of its own: RocksDB below, CURVE above. Started with `fork`. */
import { silentLog, systemClock as clock } from '@plumb/base';
import { openRocksKv } from '@plumb/kv/rocks';
import { openControlPlane } from '../test/control-plane.ts';
import { declare } from '../test/declare.ts';

const [directory = '', clients = '1'] = process.argv.slice(2);
const kv = await openRocksKv({ directory, clock, log: silentLog });
const plane = await openControlPlane({ kv });
await declare({ registry: plane.registry, clock }, 'ledger', { api: [] });
await declare({ registry: plane.registry, clock }, 'shop', { web: ['ledger-api'] });
for (let i = 0; i < 3; i += 1)
  await plane.registry.register({ service: 'ledger-api', address: '127.0.0.1', port: 4_000 + i, keptBy: 'nobody' });
await plane.connection.call('config.provision', { application: 'shop', values: { title: 'Shop', mail: { port: 25 } } });
const environments = Array.from({ length: Number(clients) }, (_, i) =>
  plane.environmentOf('shop', 'web', `shop-web-${i}`),
);
process.send?.({ environments });
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ rssBytes: process.memoryUsage().rss, cpuUs: user + system });
});
process.once('disconnect', () => {
  void plane[Symbol.asyncDispose]().then(() => kv[Symbol.asyncDispose]());
});
