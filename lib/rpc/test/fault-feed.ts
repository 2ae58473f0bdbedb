import { randomInteger, sleep } from '@plumb/base';
import { subscribe } from '../src/index.ts';
import type { FaultClient } from './fault-client.ts';
import type { Published } from './fault-service.ts';

/** Follows a feed until its program ends, and sees every change once and in order, or a snapshot. */
export function follow(client: FaultClient): void {
  const { ledger, tasks, process, random, name } = client;
  const known = new Map<string, Published>();
  const isSlow = random.float() < 0.3;
  const what = `the subscription of ${name}`;
  const subscription = subscribe<Published>(
    { open: tasks.watch, prefixes: ['topic/'], clock: process.clock, random },
    {
      onSnapshot({ state }) {
        ledger.count('feed: snapshot');
        for (const [topic, value] of state) {
          const before = known.get(topic);
          const isBack = before?.run === value.run && before.count > value.count;
          ledger.check(!isBack, () => `${what} goes back to ${value.count} of ${topic} after ${before?.count}`);
        }
        known.clear();
        for (const [topic, value] of state) known.set(topic, value);
      },
      async onChange(changes) {
        for (const { topic, value } of changes) {
          if (value === undefined) {
            ledger.fault(`${what}: ${topic} was removed`);
            continue;
          }
          const { run, count } = known.get(topic) ?? { run: value.run, count: 0 };
          const isNext = value.run === run && value.count === count + 1;
          ledger.check(isNext, () => `${what}: ${topic} has ${value.run} ${value.count} after ${run} ${count}`);
          known.set(topic, value);
        }
        ledger.count('feed: changes');
        if (isSlow) await sleep(process.clock, randomInteger(random, 1, 400));
      },
    },
  );
  subscription.ended.catch((error: unknown) => ledger.fault(`${what} ended with ${String(error)}`));
  client.subscriptions.push(subscription);
}
