import { openMemoryKv } from '@plumb/kv';
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import type { Incident } from './contract.ts';
import { ALERT_KEPT_MS, openEventStore } from './event-store.ts';

const incident = (id: string, openedAt: number, state: Incident['state']): Incident => ({
  id,
  subject: id,
  title: id,
  state,
  openedAt,
  alerts: [],
  notifications: [],
});

test('the journal, resolved incidents and ended alerts are bounded, in the store as in memory', async () => {
  const clock = createFakeClock();
  await using kv = await openMemoryKv({ clock });
  const limits = { journalEntriesMax: 3, incidentsKeptMax: 1 };
  const store = await openEventStore(kv, clock, limits);
  for (let i = 0; i < 5; i += 1) await store.change(() => ({ journal: [{ kind: 'heal', text: `line ${i}` }] }));
  const ended = { rule: 'r', subject: 's', state: 'resolved', severity: 'warning', summary: '', activeAt: 0 } as const;
  await store.change(() => ({
    incidents: [incident('1', 1, 'resolved'), incident('2', 2, 'open'), incident('3', 3, 'resolved')],
    alerts: [{ ...ended, id: 'a', resolvedAt: clock.now() }],
  }));
  await clock.advance(ALERT_KEPT_MS + 1);
  await store.change(() => ({ journal: [{ kind: 'heal', text: 'last' }] }));

  for (const { state } of [store, await openEventStore(kv, clock, limits)]) {
    expect(state.journal.map(({ text }) => text)).toEqual(['line 3', 'line 4', 'last']);
    expect([...state.incidents.keys()]).toEqual(['2', '3']);
    expect(state.alerts.size).toBe(0);
  }
});

test('lines of one millisecond, and those after the clock was set back, keep their order', async () => {
  let now = 1_000;
  const clock = { ...createFakeClock(), now: () => now };
  await using kv = await openMemoryKv({ clock });
  const store = await openEventStore(kv, clock);
  for (const [at, text] of [
    [1_000, 'a'],
    [1_000, 'b'],
    [500, 'c'],
  ] as const) {
    now = at;
    await store.change(() => ({ journal: [{ kind: 'heal', text }] }));
  }
  expect((await openEventStore(kv, clock)).state.journal.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
});

test('a change that fails changes nothing, and the next one goes on', async () => {
  const clock = createFakeClock();
  await using kv = await openMemoryKv({ clock });
  const store = await openEventStore(kv, clock);
  const failing = store.change(() => {
    throw new Error('bad');
  });
  const next = store.change(() => ({ journal: [{ kind: 'heal', text: 'fine' }] }));
  await expect(failing).rejects.toThrow('bad');
  await next;
  expect(store.state.journal).toHaveLength(1);
});
