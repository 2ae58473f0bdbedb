/** What one change costs, with few keys and with many: it must not grow with all of them. */
import { type BenchResult, medianOf } from '@plumb/testing/bench';
import { createLayeredConfig } from '../src/config.ts';
import type { SourceValue } from '../src/config-source.ts';

/** Processor time of the thread for a change of one value of `keyCount`, and telling who listens to it. */
export function measureChanges(
  keyCounts: readonly number[],
  { rounds, changes }: { readonly rounds: number; readonly changes: number },
): BenchResult[] {
  return keyCounts.map((keyCount) => ({
    name: `a change among ${keyCount} keys`,
    unit: 'µs',
    better: 'lower',
    ours: medianOf(Array.from({ length: rounds }, () => microsecondsOf(keyCount, changes))),
  }));
}

function microsecondsOf(keyCount: number, changes: number): number {
  const { view, apply } = createLayeredConfig({ sourceNames: ['store'], onListenerError: () => undefined });
  const pathOf = (i: number): string => `group${i % 50}.name${i}`;
  const say = (value: number): SourceValue => ({ value, origin: { source: 'store' } });
  apply(new Map([[0, { values: new Map(Array.from({ length: keyCount }, (_, i) => [pathOf(i), say(0)])) }]]));
  let heard = 0;
  view.subscribe(pathOf(7), () => (heard += 1));
  const before = process.threadCpuUsage();
  for (let i = 1; i <= changes; i += 1) apply(new Map([[0, { revision: i, changes: new Map([[pathOf(7), say(i)]]) }]]));
  const { user, system } = process.threadCpuUsage(before);
  if (heard !== changes) throw new Error(`${heard} of ${changes} changes were told`);
  return (user + system) / changes;
}
