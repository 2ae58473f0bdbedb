/**
 * What every `Kv` does, whichever engine is below it. Run it on each:
 *
 *   kvSuite('memory', async () => memorySubject(), { runs: 100 });
 */
import { describe } from 'vitest';
import { kvAnswersTest, kvReadersTest, kvReplicaTest } from './kv-histories.ts';
import { createKvSuite, type KvSubject, type KvSuiteOptions } from './kv-subject.ts';
import { boundTests } from './kv-suite-bounds.ts';
import { historyTests } from './kv-suite-history.ts';
import { leaseTests } from './kv-suite-leases.ts';
import { rangeTests } from './kv-suite-ranges.ts';
import { transactionTests } from './kv-suite-transactions.ts';
import { watchTests } from './kv-suite-watches.ts';

type Options = Pick<KvSuiteOptions, 'runs'> & Partial<KvSuiteOptions>;

export function kvSuite(name: string, createSubject: () => Promise<KvSubject>, given: Options): void {
  const options: KvSuiteOptions = { lacks: {}, settle: turn, ...given };
  const suite = createKvSuite(createSubject, options);
  describe(`a kv on ${name}`, () => {
    transactionTests(suite);
    boundTests(suite);
    rangeTests(suite);
    watchTests(suite);
    historyTests(suite);
    leaseTests(suite);
    kvAnswersTest(createSubject, options);
    kvReplicaTest(createSubject, options);
    kvReadersTest(createSubject, options);
  });
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
