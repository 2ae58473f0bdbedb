import { OperatingError, seededRandom } from '@plumb/base';
import type { ConfigValue } from '@plumb/config/feed';
import type { ConfigEntry } from '@plumb/config-store';
import { createFakeClock, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { type ConfigView, createConfigView, followConfig, isConverged, setValue, unsetValue } from './config-view.ts';

const entry = (key: string, value: ConfigValue, revision: number, more: Partial<ConfigEntry> = {}): ConfigEntry => ({
  application: 'tipjar',
  key,
  value,
  layer: 'common',
  revision,
  author: 'operator',
  at: 1,
  ...more,
});

/** A store of one application, whose answers a test may hold back. */
function fakeConfig(entries: ConfigEntry[]) {
  let held = Promise.resolve();
  const check = (key: string, ifRevision: number | undefined): ConfigEntry | undefined => {
    const current = entries.find((one) => one.key === key);
    return (current?.revision ?? 0) === ifRevision ? undefined : current;
  };
  const put = (key: string, next: ConfigEntry[]): { kind: 'stored'; revision: number } => {
    entries = [...entries.filter((one) => one.key !== key), ...next];
    return { kind: 'stored', revision: next[0]?.revision ?? 0 };
  };
  return {
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
    config: {
      list: async () => entries,
      convergence: async () => ({
        revision: 7,
        instances: [{ instance: 'web', revision: 7, at: 1, isConverged: true }],
      }),
      async *watch() {
        yield { kind: 'snapshot' as const, revision: 7, values: {} };
        await new Promise(() => undefined);
      },
      async set({ key, value, ifRevision }: { key: string; value: ConfigValue; ifRevision?: number | undefined }) {
        await held;
        if (value === 'bad') throw new OperatingError('invalid', 'title may not be "bad"');
        const current = check(key, ifRevision);
        if (current !== undefined) return { kind: 'conflict' as const, current };
        return put(key, [entry(key, value, (ifRevision ?? 0) + 1)]);
      },
      async unset({ key, ifRevision }: { key: string; ifRevision?: number | undefined }) {
        const current = check(key, ifRevision);
        return current === undefined ? put(key, []) : { kind: 'conflict' as const, current };
      },
    },
  };
}

const shownValue = (view: ConfigView, key: string): ConfigValue | undefined =>
  view.shown.value?.find((one) => one.key === key)?.value;

test('an edit shows at once, and is the entry when the server has it', async () => {
  const title = entry('title', 'Tip jar', 3);
  const api = fakeConfig([title]);
  const view = createConfigView('tipjar');
  view.entries.value = [title];
  const release = api.hold();

  const done = setValue(view, api, { key: 'title', value: 'Jar', known: title });
  expect(shownValue(view, 'title')).toBe('Jar');
  expect(view.pending.value.has('title')).toBe(true);

  release();
  await done;
  expect(view.pending.value.size).toBe(0);
  expect(view.entries.value).toEqual([entry('title', 'Jar', 4)]);
});

test('an edit that is refused goes back and says why; the next try clears it', async () => {
  const title = entry('title', 'Tip jar', 3);
  const api = fakeConfig([title]);
  const view = createConfigView('tipjar');
  view.entries.value = [title];

  await setValue(view, api, { key: 'title', value: 'bad', known: title });
  expect(shownValue(view, 'title')).toBe('Tip jar');
  expect(view.faults.value.get('title')).toBe('title may not be "bad"');

  await setValue(view, api, { key: 'title', value: 'good', known: title });
  expect(view.faults.value.size).toBe(0);
});

test('a value that somebody else changed is not overwritten', async () => {
  const api = fakeConfig([entry('title', 'Theirs', 5)]);
  const view = createConfigView('tipjar');
  const seen = entry('title', 'Tip jar', 3);
  view.entries.value = [seen];

  await setValue(view, api, { key: 'title', value: 'Mine', known: seen });
  expect(view.faults.value.get('title')).toContain('"Theirs"');
  expect((await api.config.list())[0]?.value).toBe('Theirs');
});

test('a key that somebody else set first is not overwritten either', async () => {
  const api = fakeConfig([entry('title', 'Theirs', 5)]);
  const view = createConfigView('tipjar');
  await setValue(view, api, { key: 'title', value: 'Mine' });
  expect(view.faults.value.has('title')).toBe(true);
});

test('what is set over a value of plumb.yaml goes to common, where nothing may be', async () => {
  const api = fakeConfig([]);
  const view = createConfigView('tipjar');
  await setValue(view, api, { key: 'title', value: 'Jar', known: entry('title', 'Shop', 9, { layer: 'manifest' }) });
  expect(view.faults.value.size).toBe(0);
  expect((await api.config.list())[0]).toMatchObject({ value: 'Jar', revision: 1 });
});

test('unsetting shows the value of the manifest at once', async () => {
  const title = entry('title', 'Jar', 4, { manifestValue: 'Tip jar' });
  const api = fakeConfig([title]);
  const view = createConfigView('tipjar');
  view.entries.value = [title];
  const done = unsetValue(view, api, title);
  expect(shownValue(view, 'title')).toBe('Tip jar');
  await done;
  expect(view.entries.value).toEqual([]);
});

test('following reads the entries with each change of the feed, and the convergence', async () => {
  const api = fakeConfig([entry('title', 'Tip jar', 3)]);
  const view = createConfigView('tipjar');
  const stop = new AbortController();
  void followConfig(view, api, { clock: createFakeClock(), random: seededRandom(1) }, stop.signal);
  await until(
    'entries and convergence',
    () => view.entries.value !== undefined && view.convergence.value !== undefined,
  );
  expect(isConverged(view.convergence.value)).toBe(true);
  stop.abort();
});

test('converged is who runs what it should, also where it is not told of the last revision', () => {
  const at = (revision: number, isRight: boolean): boolean =>
    isConverged({ revision: 5, instances: [{ instance: 'a', revision, at: 1, isConverged: isRight }] });
  expect([at(4, true), at(5, true), at(4, false), at(5, false), isConverged(undefined)]).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});

test('a change makes it ask for the convergence at once, however long it was quiet', async () => {
  const feed = Promise.withResolvers<void>();
  const base = fakeConfig([entry('title', 'Tip jar', 3)]);
  let asked = 0;
  const config = {
    ...base.config,
    convergence: async () => {
      asked += 1;
      return { revision: 7, instances: [{ instance: 'web', revision: 7, at: 1, isConverged: true }] };
    },
    async *watch() {
      yield { kind: 'snapshot' as const, revision: 7, values: {} };
      await feed.promise;
      yield { kind: 'change' as const, revision: 8, changes: [] };
      await new Promise(() => undefined);
    },
  };
  const view = createConfigView('tipjar');
  const stop = new AbortController();
  const clock = createFakeClock();
  void followConfig(view, { config }, { clock, random: seededRandom(1) }, stop.signal);
  await clock.advance(0);
  const before = asked;
  feed.resolve();
  await until('another question while the clock stands', () => asked > before);
  stop.abort();
});
