import type { Instance, Service } from '@plumb/registry';
import { expect, test } from 'vitest';
import { Dictionary } from './dictionary.ts';

const service = (name: string, metricsPath?: string): Service => ({
  name,
  application: 'tipjar',
  component: name,
  kind: 'process',
  protocol: 'http',
  metricsPath,
  needs: [],
});
const instance = (id: string, of: string, address = '10.0.0.1'): Instance => ({
  id,
  service: of,
  application: 'tipjar',
  component: of,
  host: 'h',
  address,
  port: 80,
  release: 'r',
  startedAt: 0,
  health: { state: 'unready', sinceAt: 0 },
});
const removed = { applications: [], services: [], instances: [] };

test('targets follow the dictionary: instances of services with a metrics path, ready or not', () => {
  const dictionary = new Dictionary();
  const urls = (): unknown[] => dictionary.targets().map(({ from }) => (from.kind === 'http' ? from.url : from));
  const services = [service('web', '/metrics'), service('worker')];
  const instances = [instance('1', 'web'), instance('2', 'worker'), instance('3', 'unknown')];
  dictionary.apply({ kind: 'snapshot', revision: 1, applications: [], services, instances });
  expect(dictionary.targets()).toEqual([
    {
      job: 'web',
      instance: '10.0.0.1:80',
      labels: { application: 'tipjar', component: 'web' },
      from: { kind: 'http', url: 'http://10.0.0.1:80/metrics' },
    },
  ]);
  dictionary.apply({
    kind: 'change',
    revision: 2,
    applications: [],
    services: [],
    instances: [instance('4', 'web', '::1')],
    removed,
  });
  expect(urls()).toEqual(['http://10.0.0.1:80/metrics', 'http://[::1]:80/metrics']);
  dictionary.apply({
    kind: 'change',
    revision: 3,
    applications: [],
    services: [],
    instances: [],
    removed: { ...removed, instances: ['1'] },
  });
  expect(urls()).toEqual(['http://[::1]:80/metrics']);
  dictionary.apply({ kind: 'snapshot', revision: 9, applications: [], services: [], instances: [] });
  expect(urls()).toEqual([]);
});

test('a path cannot name another host', () => {
  const dictionary = new Dictionary();
  const services = [service('a', '//evil.example/x'), service('b', '@evil.example/')];
  const instances = [instance('1', 'a'), instance('2', 'b')];
  dictionary.apply({ kind: 'snapshot', revision: 1, applications: [], services, instances });
  for (const { from } of dictionary.targets())
    expect(new URL(from.kind === 'http' ? from.url : '').host).toBe('10.0.0.1');
});
