import { seededRandom, silentLog } from '@plumb/base';
import { createCollection, openMemoryKv } from '@plumb/kv';
import { createFakeClock, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { ChangeNews, type ConfigNews, noteStored } from './follow-changes.ts';

test('news of a busy application is gathered, four times a second, and names each part once', async () => {
  const clock = createFakeClock();
  const news = new ChangeNews(clock);
  const stop = new AbortController();
  const seen: ConfigNews[] = [];
  const reading = (async () => {
    for await (const one of news.follow('shop', stop.signal)) seen.push(one);
  })();
  for (let i = 0; i < 100; i += 1) {
    news.note('shop', 'values');
    news.note('shop', 'convergence');
    news.note('other', 'values');
    await clock.advance(10);
  }
  expect(seen).toHaveLength(5);
  for (const one of seen) expect(one).toEqual({ application: 'shop', parts: ['convergence', 'values'] });
  await clock.advance(1_000);
  expect(seen).toHaveLength(5);
  stop.abort();
  await reading;
});

test('who falls too far behind is told so, and to read all', async () => {
  const news = new ChangeNews(createFakeClock());
  const feed = news.follow(undefined, new AbortController().signal);
  const first = feed.next();
  for (let i = 0; i < 1_001; i += 1) news.note(`application-${i}`, 'reads');
  await expect(first).rejects.toMatchObject({ code: 'exhausted' });
});

test('what anybody writes into the store is news of its application', async () => {
  const clock = createFakeClock();
  await using kv = await openMemoryKv({ clock });
  const news = new ChangeNews(clock);
  const stop = new AbortController();
  const feed = news.follow(undefined, stop.signal);
  const following = noteStored(kv, news, { clock, random: seededRandom(1), log: silentLog, signal: stop.signal });
  const first = feed.next();
  await createCollection(kv, 'config/history/').put('shop/title/1', {});
  await createCollection(kv, 'config/value/').put('shop/common/title', {});
  expect((await first).value).toEqual({ application: 'shop', parts: ['values'] });
  await createCollection(kv, 'config/recipient/').put('*/age1ada/*', {});
  const second = feed.next();
  await createCollection(kv, 'config/rollout/').put('mail/1', {});
  await until('it is told', async () => {
    await clock.advance(250);
    return Promise.race([second, Promise.resolve(undefined)]);
  });
  expect((await second).value).toEqual({ application: 'mail', parts: ['rollouts'] });
  stop.abort();
  await following;
});
