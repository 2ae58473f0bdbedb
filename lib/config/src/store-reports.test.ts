import { OperatingError, silentLog } from '@plumb/base';
import { connectInProcess } from '@plumb/rpc';
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { configFeedContract } from './feed.ts';
import { createRevisionReporter } from './store-reports.ts';

test('a report that does not arrive is sent again, with what is in force by then, until the end', async () => {
  const clock = createFakeClock();
  const reports: number[] = [];
  let isDown = true;
  using client = connectInProcess(
    configFeedContract,
    {
      watch: async function* watch() {},
      reportReads: () => ({}),
      report({ revision }) {
        reports.push(revision);
        if (isDown) throw new OperatingError('invalid', 'refused for once');
        return {};
      },
    },
    { id: 'shop-1', scopes: ['*'] },
  );
  const stop = new AbortController();
  let inForce = { revision: 1, digest: '0'.repeat(32) };
  const reporter = { application: 'shop', instance: 'shop-1' };
  const report = createRevisionReporter(reporter, () => inForce, { client, clock, log: silentLog }, stop.signal);
  report();
  report();
  await clock.advance(200);
  expect(reports).toEqual([1]);
  inForce = { ...inForce, revision: 2 };
  isDown = false;
  await clock.advance(1_999);
  expect(reports).toEqual([1]);
  await clock.advance(1);
  expect(reports).toEqual([1, 2]);
  await clock.advance(60_000);
  expect(reports).toEqual([1, 2]);

  isDown = true;
  report();
  await clock.advance(200);
  stop.abort();
  await clock.advance(60_000);
  expect(reports).toEqual([1, 2, 2]);
});
