import { OperatingError } from '@plumb/base';
import type { Incident } from '@plumb/events';
import { expect, test } from 'vitest';
import { addNotice, createConsoleStore, type ConsoleStore, dropNotice } from './console-store.ts';
import { acknowledge, loadOlderJournal } from './event-actions.ts';
import { testUnit } from './test-units.ts';
import { runUnitAction, unitActions } from './unit-actions.ts';

const newStore = (): ConsoleStore =>
  createConsoleStore({ path: '/', search: '', now: 0, theme: 'system', graphWindow: '15m' });
const refuse = async (): Promise<never> => {
  throw new OperatingError('denied', 'the session may not do this');
};

test('a start is a restart on the wire; the person is told what happens', async () => {
  const store = newStore();
  const asked: unknown[] = [];
  const call = async (input: unknown): Promise<object> => (asked.push(input), {});
  await runUnitAction(
    store,
    { deploy: { restart: call, stop: refuse, kill: refuse } },
    'start',
    testUnit('tipjar/web'),
  );
  expect(asked).toEqual([{ application: 'tipjar', component: 'web' }]);
  expect(store.notices.value).toEqual([{ id: 1, tone: 'good', text: 'tipjar/web is starting' }]);
});

test('an action that is refused says why', async () => {
  const store = newStore();
  await runUnitAction(
    store,
    { deploy: { restart: refuse, stop: refuse, kill: refuse } },
    'kill',
    testUnit('tipjar/web'),
  );
  expect(store.notices.value[0]).toMatchObject({
    tone: 'bad',
    text: 'could not kill tipjar/web: the session may not do this',
  });
});

test('only what makes sense is offered', () => {
  expect(unitActions({ state: 'running' })).toEqual(['restart', 'stop', 'kill']);
  expect(unitActions({ state: 'crashed' })).toEqual(['start']);
  expect(unitActions({ state: 'stopping' })).toEqual([]);
  expect(unitActions({ state: 'backoff' })).not.toContain('kill');
});

const incident: Incident = {
  id: 'i',
  subject: 's',
  title: 't',
  state: 'open',
  openedAt: 1,
  alerts: [],
  notifications: [],
};
const withIncident = (): ConsoleStore => {
  const store = newStore();
  store.events.value = { alerts: new Map(), incidents: new Map([['i', incident]]), journal: [] };
  return store;
};
const stateOf = (store: ConsoleStore): string | undefined => store.events.value?.incidents.get('i')?.state;

test('an incident is acknowledged at once, and open again when the server refuses', async () => {
  const store = withIncident();
  const done = acknowledge(store, { events: { acknowledge: refuse } }, incident);
  expect(stateOf(store)).toBe('acknowledged');
  await done;
  expect(stateOf(store)).toBe('open');
  expect(store.notices.value[0]?.tone).toBe('bad');
});

test('the server has the last word on an acknowledged incident', async () => {
  const store = withIncident();
  await acknowledge(
    store,
    { events: { acknowledge: async () => ({ ...incident, state: 'resolved' as const }) } },
    incident,
  );
  expect(stateOf(store)).toBe('resolved');
});

test('older entries are asked for from the oldest known one of the application', async () => {
  const store = newStore();
  const line = (id: string, at: number, application: string) => ({
    id,
    at,
    application,
    kind: 'heal' as const,
    text: id,
  });
  store.events.value = {
    alerts: new Map(),
    incidents: new Map(),
    journal: [line('c', 3, 'a'), line('b', 2, 'a'), line('a', 1, 'other')],
  };
  const asked: unknown[] = [];
  const journal = async (input: unknown) => (asked.push(input), [line('z', 0, 'a')]);
  expect(await loadOlderJournal(store, { events: { journal } }, 'a')).toBe(false);
  expect(asked).toEqual([{ limit: 100, application: 'a', beforeId: 'b' }]);
  expect(store.events.value.journal.map(({ id }) => id)).toEqual(['c', 'b', 'a', 'z']);
});

test('notices are few, and each can be closed', () => {
  const store = newStore();
  for (const text of ['a', 'b', 'c', 'd', 'e']) addNotice(store, 'good', text);
  expect(store.notices.value.map(({ text }) => text)).toEqual(['b', 'c', 'd', 'e']);
  dropNotice(store, 3);
  expect(store.notices.value.map(({ text }) => text)).toEqual(['b', 'd', 'e']);
});
