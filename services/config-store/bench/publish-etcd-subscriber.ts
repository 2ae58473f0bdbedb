/** The same on etcd: one process that keeps a copy of a prefix by a watch. Started with `fork`. */
import { Etcd3 } from 'etcd3';
import { BLOCK_KEYS, createCpuMeter, createTornCheck, nowMs, type SubscriberReport } from './publish-message.ts';

const client = new Etcd3({ hosts: process.env['ETCD'] ?? '' });
const watcher = await client.watch().prefix('bench/').create();
const values = new Map(Object.entries(await client.getAll().prefix('bench/').strings()));
const appliedAtMs: [number, number][] = [];
const check = createTornCheck((key) => values.get(`bench/${key}`));
const last = BLOCK_KEYS.at(-1);
watcher.on('put', ({ key, value }) => {
  const name = key.toString();
  values.set(name, value.toString());
  // A transaction is told key by key: it has arrived with its last one.
  if (name === `bench/${last}`) {
    appliedAtMs.push([Number(value.toString()), nowMs()]);
    check.often();
  } else {
    check.once();
  }
});
const cpuUs = createCpuMeter();
process.send?.('ready');
process.on('message', () => {
  const report: SubscriberReport = {
    appliedAtMs,
    ...check.counts(),
    rssBytes: process.memoryUsage().rss,
    cpuUs: cpuUs(),
  };
  process.send?.(report);
});
process.once('disconnect', () => {
  void watcher.cancel().finally(() => client.close());
});
