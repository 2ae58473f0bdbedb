/** The states that follow watch streams: a snapshot replaces, a change adds, and neither touches what was there before. */
import type { Alert, Incident, JournalEntry } from '@plumb/events';
import type { Instance, Service, Usage } from '@plumb/registry';
import { expect, test } from 'vitest';
import { applyDeployEvent } from './applications.ts';
import { applyRegistryEvent, isUndeclared, matchesService, serviceRows } from './dictionary.ts';
import {
  activeAlerts,
  applyEventsChange,
  countHealed,
  incidentSummaries,
  JOURNAL_ENTRIES_MAX,
  mergeJournal,
  openIncidents,
} from './event-log.ts';
import { testApplication, testUnit } from './test-units.ts';

test('applications: a snapshot replaces all, changes replace one, names are in order', () => {
  const [a, b] = [testApplication('a', []), testApplication('b', [])];
  const first = applyDeployEvent(undefined, { kind: 'snapshot', applications: [b, a] });
  expect([...first.keys()]).toEqual(['a', 'b']);

  const changed = testApplication('a', [testUnit('a/web')]);
  const second = applyDeployEvent(first, { kind: 'change', application: changed });
  expect([...second.values()]).toEqual([changed, b]);
  expect([...first.values()]).toEqual([a, b]);

  expect([...applyDeployEvent(second, { kind: 'removed', name: 'b' }).keys()]).toEqual(['a']);
  expect([...applyDeployEvent(second, { kind: 'snapshot', applications: [] }).keys()]).toEqual([]);
});

const service = (name: string, needs: string[] = []): Service => ({
  name,
  application: 'tipjar',
  component: name,
  kind: 'process',
  protocol: 'http',
  needs,
});
const instance = (id: string, of: string): Instance => ({
  id,
  service: of,
  application: 'tipjar',
  component: of,
  host: 'h',
  address: '127.0.0.1',
  port: 1,
  release: 'r',
  startedAt: 1,
  health: { state: 'ready', sinceAt: 1 },
});

test('dictionary: what goes is gone, and services know who uses them, declared or not', () => {
  const snapshot = applyRegistryEvent(undefined, {
    kind: 'snapshot',
    revision: 1,
    applications: [{ name: 'tipjar', owner: 'Money', environment: 'default', release: 'r', declaredAt: 1 }],
    services: [service('web', ['chain']), service('chain'), service('old')],
    instances: [instance('i1', 'web'), instance('i2', 'web'), instance('i3', 'chain')],
  });
  const changed = applyRegistryEvent(snapshot, {
    kind: 'change',
    revision: 2,
    applications: [],
    services: [],
    instances: [instance('i4', 'chain'), instance('i5', 'legacy')],
    removed: { applications: [], services: ['old'], instances: ['i1'] },
  });
  const usages: Usage[] = [
    { service: 'chain', application: 'tipjar', kinds: ['declared'], callers: [], firstAt: 1, lastAt: 1, count: 0 },
    { service: 'chain', application: 'blog', kinds: ['called'], callers: [], firstAt: 1, lastAt: 1, count: 3 },
  ];
  const rows = serviceRows(changed, usages);
  expect(rows.map((row) => [row.name, row.declared?.name, row.instances.map(({ id }) => id)])).toEqual([
    ['chain', 'chain', ['i3', 'i4']],
    ['legacy', undefined, ['i5']],
    ['web', 'web', ['i2']],
  ]);
  expect(rows[0]?.users.map(({ usage, components }) => [usage.application, components])).toEqual([
    ['tipjar', ['web']],
    ['blog', []],
  ]);
  expect(rows[0]?.users.map(({ usage }) => isUndeclared(usage, 'tipjar'))).toEqual([false, true]);
  expect(rows.filter((row) => matchesService(row, 'money')).map(({ name }) => name)).toEqual([
    'chain',
    'legacy',
    'web',
  ]);
  expect(snapshot.instances.size).toBe(3);
});

const entry = (id: string, at: number, kind: JournalEntry['kind'] = 'heal'): JournalEntry => ({
  id,
  at,
  kind,
  text: id,
});
const alert = (id: string, state: Alert['state'], activeAt: number): Alert => ({
  id,
  state,
  activeAt,
  rule: 'r',
  subject: 's',
  severity: 'critical',
  summary: id,
});
const incident = (id: string, state: Incident['state'], openedAt: number): Incident => ({
  id,
  state,
  openedAt,
  subject: 's',
  title: id,
  alerts: [],
  notifications: [],
});

test('events: a snapshot forgets alerts that ended, and keeps the journal', () => {
  const first = applyEventsChange(undefined, {
    kind: 'snapshot',
    alerts: [alert('a', 'firing', 1)],
    incidents: [],
    journal: [entry('j1', 1)],
  });
  const second = applyEventsChange(first, { kind: 'snapshot', alerts: [], incidents: [], journal: [entry('j2', 2)] });
  expect(second.alerts.size).toBe(0);
  expect(second.journal.map(({ id }) => id)).toEqual(['j2', 'j1']);
});

test('events: firing before pending, newest first; resolved ones are not shown', () => {
  const log = applyEventsChange(undefined, {
    kind: 'snapshot',
    alerts: [alert('p', 'pending', 9), alert('f1', 'firing', 1), alert('f2', 'firing', 2), alert('r', 'resolved', 8)],
    incidents: [incident('i1', 'open', 1), incident('i2', 'acknowledged', 2), incident('i3', 'resolved', 3)],
    journal: [],
  });
  expect(activeAlerts(log).map(({ id }) => id)).toEqual(['f2', 'f1', 'p']);
  expect(openIncidents(log).map(({ id }) => id)).toEqual(['i2', 'i1']);
});

test('the journal holds each entry once, latest first, and is bounded', () => {
  const many = Array.from({ length: JOURNAL_ENTRIES_MAX }, (_, index) => entry(`j${index}`, index));
  const merged = mergeJournal(many, [entry('j5', 5), entry('new', 1e9)]);
  expect(merged).toHaveLength(JOURNAL_ENTRIES_MAX);
  expect(merged[0]?.id).toBe('new');
  expect(new Set(merged.map(({ id }) => id)).size).toBe(JOURNAL_ENTRIES_MAX);
});

test('only what was healed in the last day counts', () => {
  const now = 200_000_000;
  expect(countHealed([entry('a', now), entry('b', now - 86_400_001), entry('c', now, 'deploy')], now)).toBe(1);
});

test('an incident is told in the words of its alerts, as long as they last', () => {
  const alerts = [alert('a1', 'firing', 1), alert('a2', 'resolved', 2), alert('a3', 'firing', 3)];
  const log = applyEventsChange(undefined, { kind: 'snapshot', alerts, incidents: [], journal: [] });
  const one = { ...incident('i1', 'open', 1), alerts: ['a1', 'a2', 'gone'] };
  expect(incidentSummaries(log, one)).toEqual([alerts[0]?.summary]);
});
