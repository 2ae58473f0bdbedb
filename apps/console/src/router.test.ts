import { expect, test } from 'vitest';
import { APPLICATION_TABS, applicationPath, CONFIG_TABS, configPath, parsePath, routeTitle } from './router.ts';

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

test('configuration is listed for all applications, and has parts for each', () => {
  expect(parsePath('/config')).toEqual({ kind: 'config', name: undefined, tab: 'values' });
  for (const tab of CONFIG_TABS)
    expect(parsePath(configPath('tipjar', tab))).toEqual({ kind: 'config', name: 'tipjar', tab });
});

test('what no page has is not found, with its path', () => {
  for (const path of [
    '/nope',
    '/apps',
    '/apps/tipjar/nope',
    '/apps/tipjar/log/more',
    '/alerts/1',
    '/config/tipjar/nope',
    '/config/tipjar/values/more',
  ]) {
    expect(parsePath(path)).toEqual({ kind: 'not-found', path });
  }
});

test('titles', () => {
  expect(
    ['/', '/alerts', '/apps/tipjar/log', '/config/tipjar', '/nope'].map((path) => routeTitle(parsePath(path))),
  ).toEqual(['Overview', 'Alerts', 'tipjar', 'Configuration of tipjar', 'Not found']);
});
