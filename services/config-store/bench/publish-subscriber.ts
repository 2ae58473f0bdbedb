/** One application process of the benchmark, as an application is written. Started with `fork`; its environment says where to. */
import { openConfig } from '@plumb/config';
import { BLOCK_KEYS, createCpuMeter, createTornCheck, nowMs, type SubscriberReport } from './publish-message.ts';

const config = await openConfig({ environment: process.env });
const appliedAtMs: [number, number][] = [];
const check = createTornCheck((key) => config.get(key));
// What is told first notes the time; each of the others looks whether it sees the whole change set too.
config.subscribe('block', () => {
  appliedAtMs.push([Number(config.get(BLOCK_KEYS[0])), nowMs()]);
  check.often();
});
for (const key of BLOCK_KEYS) config.subscribe(key, check.once);
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
  void config[Symbol.asyncDispose]();
});
