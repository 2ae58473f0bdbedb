import { silentLog } from '@plumb/base';
import type { ChainNodeRequest } from '@plumb/deploy';
import { formatExposition } from '@plumb/metrics/server';
import { connectInProcess } from '@plumb/rpc';
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { chainMetrics } from './chain-metrics.ts';
import { chainsContract } from './contract.ts';
import { type FindProgram, createChains } from './server.ts';

const REQUEST: ChainNodeRequest = {
  application: 'tipjar',
  name: 'eth',
  spec: { kind: 'ethereum', network: 'dev', port: 'auto' },
  port: 8_545,
  directory: '/srv/tipjar',
  dataDirectory: '/var/lib/plumb/tip jar/eth',
};

function open(findProgram: FindProgram = () => '/opt/anvil') {
  return createChains({ clock: createFakeClock(), log: silentLog, findProgram });
}

test('the catalogue says what can be run', async () => {
  using client = connectInProcess(chainsContract, open().handlers, { id: 'a person', scopes: ['chains:read'] });
  expect(await client.catalogue({})).toEqual([
    {
      kind: 'ethereum',
      network: 'dev',
      title: 'Ethereum development chain',
      software: 'anvil',
      protocol: 'json-rpc',
      blockTimeMs: 2_000,
    },
  ]);
});

test('a plan is words, with the port and the state file of the request', async () => {
  const plan = await open().planner.plan(REQUEST);
  expect(plan.url).toBe('http://127.0.0.1:8545');
  expect(plan.command.slice(2).join('\n')).toMatchInlineSnapshot(`
    "/var/lib/plumb/tip jar/eth/state.json
    /opt/anvil
    --host
    127.0.0.1
    --port
    8545
    --block-time
    2
    --mixed-mining
    --state
    /var/lib/plumb/tip jar/eth/state.json
    --state-interval
    5
    --prune-history
    --no-cors
    --quiet"
  `);
});

test('an unknown chain names the nearest, and a missing program says how to install it', async () => {
  const check = async (spec: { kind: string; network: string }, message: string): Promise<void> =>
    expect(open().planner.plan({ ...REQUEST, spec: { ...spec, port: 'auto' } })).rejects.toMatchObject({
      code: 'invalid',
      message,
    });
  await check({ kind: 'etherium', network: 'dev' }, 'there is no chain of kind "etherium": did you mean "ethereum"?');
  await check({ kind: 'bitcoin', network: 'dev' }, 'there is no chain of kind "bitcoin": use one of ethereum');
  await check({ kind: 'ethereum', network: 'dve' }, 'ethereum has no network "dve" here: did you mean "dev"?');
  await expect(open(() => undefined).planner.plan(REQUEST)).rejects.toMatchObject({
    code: 'unavailable',
    message:
      'the program anvil is not installed: install it with "npm install @foundry-rs/anvil" in /srv/tipjar, or put anvil on PATH',
  });
});

test('metrics give each state 0 or 1, and leave out what is unknown', () => {
  const health = { state: 'stalled' as const, sinceAt: 0 };
  const facts = { kind: 'ethereum', network: 'dev', height: 7, headAgeMs: 12_500 };
  expect(formatExposition(chainMetrics([{ application: 'tipjar', component: 'eth', at: 0, health, facts }])))
    .toMatchInlineSnapshot(`
    "# HELP chain_height Number of the head block.
    # TYPE chain_height gauge
    chain_height{application="tipjar",component="eth"} 7
    # HELP chain_head_age_seconds Time since the head block by its own timestamp.
    # TYPE chain_head_age_seconds gauge
    chain_head_age_seconds{application="tipjar",component="eth"} 12.5
    # HELP chain_state Health state of the node: 1 for the state that it is in.
    # TYPE chain_state gauge
    chain_state{application="tipjar",component="eth",state="starting"} 0
    chain_state{application="tipjar",component="eth",state="progressing"} 0
    chain_state{application="tipjar",component="eth",state="ready"} 0
    chain_state{application="tipjar",component="eth",state="lagging"} 0
    chain_state{application="tipjar",component="eth",state="stalled"} 1
    chain_state{application="tipjar",component="eth",state="forked"} 0
    chain_state{application="tipjar",component="eth",state="failed"} 0
    "
  `);
  expect(formatExposition(chainMetrics([]))).toBe('');
});
