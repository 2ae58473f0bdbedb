import { parseManifest } from '@plumb/manifest';
import { expect, test } from 'vitest';
import { needsOf, servicesOf } from './component.ts';

test('the dictionary is told of ports, protocols, probes and needs, those of processes without a port included', () => {
  const manifest = parseManifest(
    `plumb: 1
name: shop
processes:
  web: { command: node web.js, port: 8080, needs: { api: ready }, uses: [tax-api], readinessProbe: { httpGet: /ready } }
  api: { command: node api.js, port: auto, protocol: rpc, needs: [eth] }
  worker: { command: node worker.js, needs: [api], uses: [ledger-api, shop-web] }
chains:
  eth: { kind: ethereum, network: dev }
`,
    { file: 'plumb.yaml' },
  );
  const common = { application: 'shop', kind: 'process' };
  const times = { periodMs: 1_000, timeoutMs: 1_000 };
  expect(servicesOf(manifest)).toEqual([
    {
      name: 'shop-eth',
      application: 'shop',
      component: 'eth',
      kind: 'chain',
      protocol: 'json-rpc',
      port: 'auto',
      needs: [],
    },
    {
      ...common,
      name: 'shop-api',
      component: 'api',
      protocol: 'rpc',
      port: 'auto',
      healthCheck: { kind: 'tcp', ...times },
      needs: ['shop-eth'],
    },
    {
      ...common,
      name: 'shop-web',
      component: 'web',
      protocol: 'http',
      port: 8_080,
      healthCheck: { kind: 'http', path: '/ready', ...times },
      needs: ['shop-api', 'tax-api'],
    },
  ]);
  expect(needsOf(manifest)).toEqual(['ledger-api', 'shop-api', 'shop-eth', 'shop-web', 'tax-api']);
});
