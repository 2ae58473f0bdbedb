import { OperatingError, silentLog } from '@plumb/base';
import { createFakeClock, type FakeClock, openTemporaryDirectory } from '@plumb/testing';
import { isStale, openTsdb, type Tsdb } from '@plumb/tsdb';
import { expect, test } from 'vitest';
import { Scraper, type ScrapeTarget } from './scraper.ts';
import { formatSeries } from './series-text.ts';
import { withTarget } from './target-series.ts';

type World = AsyncDisposable & {
  readonly clock: FakeClock;
  readonly scraper: Scraper;
  /** What the target answers: a text, a fault, or nothing. */
  answer: string | Error | undefined;
  /** All samples of a metric, as text. */
  readonly samplesOf: (metric: string) => string[];
};

async function openWorld(): Promise<World> {
  const directory = await openTemporaryDirectory();
  // Not on the grid of any period, as in life.
  const clock = createFakeClock(1_760_000_000_123);
  const tsdb: Tsdb = await openTsdb({ directory: directory.path, clock, log: silentLog, retentionMs: 86_400_000 });
  const fetch = async (): ReturnType<ConstructorParameters<typeof Scraper>[0]['fetch']> => {
    if (world.answer instanceof Error) throw world.answer;
    if (world.answer === undefined) return new Promise(() => undefined);
    return { text: world.answer, format: 'text' };
  };
  const world: World = {
    clock,
    scraper: new Scraper({ store: tsdb, clock, log: silentLog, periodMs: 5_000, fetch }),
    answer: '',
    samplesOf: (metric) =>
      tsdb
        .select([{ name: '__name__', op: '=', value: metric }], 0, Number.MAX_SAFE_INTEGER)
        .map(({ labels, values }) => {
          const texts = [...values].map((value, index) => (isStale(values, index) ? 'stale' : String(value)));
          return `${formatSeries(labels)} ${texts.join(' ')}`;
        })
        .toSorted(),
    async [Symbol.asyncDispose]() {
      await world.scraper[Symbol.asyncDispose]();
      await tsdb[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
  return world;
}

const target: ScrapeTarget = {
  job: 'tipjar-web',
  instance: '127.0.0.1:3000',
  labels: { application: 'tipjar' },
  from: { kind: 'http', url: 'http://127.0.0.1:3000/metrics' },
};
const ownLabels = 'application="tipjar",instance="127.0.0.1:3000",job="tipjar-web"';

test('a target is scraped at once and then once a period, and a series that vanishes ends', async () => {
  await using world = await openWorld();
  const { clock, scraper, samplesOf } = world;
  world.answer = '# TYPE a counter\na 1\nb{job="x"} 5\n';
  scraper.setTargets([target]);
  await clock.advance(300);
  expect(samplesOf('a')).toEqual([`a{${ownLabels}} 1`]);
  expect(scraper.targets()).toMatchObject([{ job: 'tipjar-web', up: true, sampleCount: 2 }]);
  expect(scraper.metadata('tipjar-web')).toEqual([{ metric: 'a', type: 'counter', help: '', unit: '' }]);
  world.answer = 'a 2\n';
  await clock.advance(5_000);
  world.answer = 'a 3\nb{job="x"} 6\n';
  await clock.advance(5_000);
  expect(samplesOf('a')).toEqual([`a{${ownLabels}} 1 2 3`]);
  expect(samplesOf('b')).toEqual([
    `b{application="tipjar",exported_job="x",instance="127.0.0.1:3000",job="tipjar-web"} 5 stale 6`,
  ]);
  expect(samplesOf('up')).toEqual([`up{${ownLabels}} 1 1 1`]);
  expect(samplesOf('scrape_samples_scraped')).toEqual([`scrape_samples_scraped{${ownLabels}} 2 1 2`]);
});

test('a scrape that fails, is late or has a fault writes up 0, ends the series and is explained', async () => {
  await using world = await openWorld();
  const { clock, scraper, samplesOf } = world;
  const check = async (answer: World['answer'], expected: string): Promise<void> => {
    world.answer = 'a 1\n';
    await clock.advance(5_000);
    world.answer = answer;
    // The period, and the time-out within the next.
    await clock.advance(9_900);
    expect(scraper.targets()[0]).toMatchObject({ up: false, lastError: expect.stringContaining(expected) });
  };
  scraper.setTargets([target]);
  await check(new OperatingError('unavailable', 'connection refused'), 'connection refused');
  await check('a 1\nb 2\nc{ 3\n', 'line 3 has labels that are not closed');
  await check(undefined, 'no answer within 4000 ms');
  expect(samplesOf('a')[0]?.split(' ').slice(1).join(' ')).toBe('1 stale 1 stale 1 stale');
  expect(samplesOf('b')).toEqual([]);
  expect(samplesOf('up')[0]).toMatch(/ 0$/);
});

test('a target that goes ends with all its series, and one that stays is not disturbed', async () => {
  await using world = await openWorld();
  const { clock, scraper, samplesOf } = world;
  world.answer = 'a 1\n';
  const other = { ...target, instance: '127.0.0.1:4000' };
  scraper.setTargets([target, other]);
  await clock.advance(300);
  scraper.setTargets([{ ...target }]);
  await clock.advance(5_000);
  expect(samplesOf('a')).toEqual([`a{${ownLabels}} 1 1`, `a{${ownLabels.replace('3000', '4000')}} 1 stale`]);
  expect(samplesOf('up')).toEqual([`up{${ownLabels}} 1 1`, `up{${ownLabels.replace('3000', '4000')}} 1 stale`]);
  expect(scraper.targets()).toHaveLength(1);
});

test('closing leaves no end behind: a restart is a gap', async () => {
  await using world = await openWorld();
  world.answer = 'a 1\n';
  world.scraper.setTargets([target]);
  await world.clock.advance(300);
  await world.scraper[Symbol.asyncDispose]();
  expect(world.samplesOf('a')).toEqual([`a{${ownLabels}} 1`]);
});

test('samples with a time of their own keep it, and do not end when they vanish', async () => {
  await using world = await openWorld();
  const { clock, scraper, samplesOf } = world;
  world.answer = `a 1 ${clock.now() - 1_000}\n`;
  scraper.setTargets([target]);
  await clock.advance(300);
  world.answer = '';
  await clock.advance(5_000);
  expect(samplesOf('a')).toEqual([`a{${ownLabels}} 1`]);
});

test('labels of the target win, and what was there is kept beside them', () => {
  const check = (own: Record<string, string>, expected: Record<string, string>): void =>
    expect(withTarget(own, { job: 'j', instance: 'i' })).toEqual(expected);
  check({ a: '1' }, { a: '1', job: 'j', instance: 'i' });
  check({ job: 'x' }, { exported_job: 'x', job: 'j', instance: 'i' });
  check({ job: 'x', exported_job: 'y' }, { exported_exported_job: 'x', exported_job: 'y', job: 'j', instance: 'i' });
});
