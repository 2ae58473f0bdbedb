import { type Manifest, parseManifest } from '@plumb/manifest';
import { expect, test } from 'vitest';
import type { UnitState } from './contract.ts';
import { planRelease, type Wanted } from './plan-release.ts';

const BASE = `plumb: 1
name: shop
processes:
  worker: { command: node worker.js, needs: [web] }
  web: { command: node web.js, port: auto, needs: { eth: ready } }
chains:
  eth: { kind: ethereum, network: dev, port: 8545 }
config: { title: Shop, mail: { host: x } }
environments: { dev: {} }
`;

function parse(text: string, environment?: string): Manifest {
  return parseManifest(text, { file: 'plumb.yaml', environment });
}

function wanted(text: string, rest: Partial<Omit<Wanted, 'manifest'>> = {}, environment?: string): Wanted {
  return { manifest: parse(text, environment), directory: '/srv/shop', release: 'aaa', ...rest };
}

/** The plan as a person would note it. */
function plan(next: Wanted, current?: Wanted, states: Record<string, UnitState> = {}): string {
  const running: Record<string, UnitState> = { eth: 'running', web: 'running', worker: 'running' };
  const all = current === undefined ? [] : Object.entries({ ...running, ...states });
  const { steps } = planRelease({
    wanted: next,
    current,
    states: new Map(all),
    chainCommands: new Map([['eth', ['anvil', '--port', '8545']]]),
  });
  const lines = steps.map((step) => {
    switch (step.kind) {
      case 'declare':
        return `declare ${step.services.join(' ')}`;
      case 'provision':
        return `provision ${step.keys.join(' ')}`;
      case 'start':
        return `start ${step.unit} [${step.command.join(' ')}] port ${step.port} needs ${step.needs.join(' ')}: ${step.reason}`;
      case 'restart':
      case 'stop':
        return `${step.kind} ${step.unit}: ${step.reason}`;
      case 'keep':
        return `keep ${step.unit}`;
    }
  });
  return lines.join('\n');
}

test('a first deploy declares, provisions, and starts chains first, then processes after their needs', () => {
  expect(plan(wanted(BASE))).toMatchInlineSnapshot(`
    "declare shop-eth shop-web
    provision mail.host title
    start shop/eth [anvil --port 8545] port 8545 needs : deployed for the first time
    start shop/web [node web.js] port auto needs eth: deployed for the first time
    start shop/worker [node worker.js] port undefined needs web: deployed for the first time"
  `);
});

test('what is equal is kept', () => {
  expect(plan(wanted(BASE), wanted(BASE))).toMatchInlineSnapshot(`
    "declare shop-eth shop-web
    provision mail.host title
    keep shop/eth
    keep shop/web
    keep shop/worker"
  `);
});

test('what differs is restarted, with the reason', () => {
  const units = (next: Wanted, states: Record<string, UnitState> = {}): string[] =>
    plan(next, wanted(BASE), states).split('\n').slice(2);
  const check = (next: Wanted, expected: string[]): void => expect(units(next)).toEqual(expected);

  check(wanted(BASE, { release: 'bbb' }), [
    'keep shop/eth',
    'restart shop/web: release aaa is now bbb',
    'restart shop/worker: release aaa is now bbb',
  ]);
  check(wanted(BASE.replace('node web.js', 'node server.js')), [
    'keep shop/eth',
    'restart shop/web: command differs',
    'keep shop/worker',
  ]);
  check(wanted(BASE.replace('8545', '8546')), ['restart shop/eth: port differs', 'keep shop/web', 'keep shop/worker']);
  check(wanted(BASE.replace('port: auto', 'port: auto, metrics: /metrics').replace('[web]', '[eth]')), [
    'keep shop/eth',
    'keep shop/worker',
    'keep shop/web',
  ]);
  check(wanted(BASE, {}, 'dev'), [
    'restart shop/eth: the environment differs',
    'restart shop/web: the environment differs',
    'restart shop/worker: the environment differs',
  ]);
  check(wanted(BASE, { directory: '/srv/b' }), [
    'restart shop/eth: the directory differs',
    'restart shop/web: the directory differs',
    'restart shop/worker: the directory differs',
  ]);
});

test('what a person stopped and what was given up is started', () => {
  const lines = plan(wanted(BASE), wanted(BASE), { eth: 'stopped', web: 'crashed', worker: 'waiting' }).split('\n');
  expect(lines.slice(2)).toEqual([
    'start shop/eth [anvil --port 8545] port 8545 needs : it was stopped',
    'start shop/web [node web.js] port auto needs eth: it was given up',
    'keep shop/worker',
  ]);
});

test('what is gone is stopped first, and what is added is started', () => {
  const without = BASE.replace(/ {2}worker.*\n/, '')
    .replace('needs: { eth: ready }', 'env: {}')
    .replace(/chains:\n.*\n/, '');
  expect(plan(wanted(without), wanted(BASE)).split('\n')).toEqual([
    'declare shop-web',
    'provision mail.host title',
    'stop shop/worker: taken out of the manifest',
    'stop shop/eth: taken out of the manifest',
    'keep shop/web',
  ]);
  const more = BASE.replace('chains:', '  job: { command: job }\nchains:');
  expect(plan(wanted(more), wanted(BASE)).split('\n').at(-1)).toBe(
    'start shop/job [job] port undefined needs : added to the manifest',
  );
});
