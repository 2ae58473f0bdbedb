import { expect, test } from 'vitest';
import { APPLICATION_TABS, applicationPath, parsePath, routeTitle } from './router.ts';

test('plain pages have one word as their path', () => {
  const kinds = ['/', '/alerts', '/journal', '/services', '/query', '/host', '/journal/'].map(
    (path) => parsePath(path).kind,
  );
  expect(kinds).toEqual(['overview', 'alerts', 'journal', 'services', 'query', 'host', 'journal']);
});

test('the path of each part of an application leads back to it', () => {
  for (const tab of APPLICATION_TABS) {
    expect(parsePath(applicationPath('tipjar', tab))).toEqual({ kind: 'application', name: 'tipjar', tab });
  }
});

test('what no page has is not found, with its path', () => {
  for (const path of ['/nope', '/apps', '/apps/tipjar/nope', '/apps/tipjar/log/more', '/alerts/1']) {
    expect(parsePath(path)).toEqual({ kind: 'not-found', path });
  }
});

test('titles', () => {
  expect(['/', '/alerts', '/apps/tipjar/log', '/nope'].map((path) => routeTitle(parsePath(path)))).toEqual([
    'Overview',
    'Alerts',
    'tipjar',
    'Not found',
  ]);
});
