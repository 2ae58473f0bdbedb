import { OperatingError, silentLog } from '@plumb/base';
import type { RegistryClient } from '@plumb/registry';
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { openInstanceLease } from './instance-lease.ts';

/** What the dictionary is told, in order. It forgets everything when `isForgetful`. */
function createRecorder(): { calls: string[]; registry: RegistryClient; state: { isForgetful: boolean } } {
  const calls: string[] = [];
  const state = { isForgetful: false };
  const record = async (call: string): Promise<void> => {
    calls.push(call);
    if (state.isForgetful && !call.startsWith('register')) {
      state.isForgetful = false;
      throw new OperatingError('not-found', 'the instance has left');
    }
  };
  const registry = {
    register: async ({ health }: { health?: { state: string } }) => {
      await record(`register ${health?.state}`);
      return { instanceId: 'i', leaseMs: 1 };
    },
    keepAlive: () => record('keep-alive'),
    reportHealth: ({ health }: { health: { state: string } }) => record(`report ${health.state}`),
    deregister: () => record('deregister'),
  } as unknown as RegistryClient;
  return { calls, registry, state };
}

const REGISTRATION = { instanceId: 'i', service: 'shop-web', address: '127.0.0.1', port: 80 };
const STARTING = { state: 'starting', sinceAt: 0 } as const;

test('it is registered, kept alive, reported with its last health, and taken out', async () => {
  const clock = createFakeClock();
  const { calls, registry } = createRecorder();
  const lease = openInstanceLease(REGISTRATION, STARTING, { registry, clock, log: silentLog });
  await clock.advance(3_400);
  lease.report({ state: 'unready', sinceAt: 1 });
  lease.report({ state: 'ready', sinceAt: 2 });
  await clock.advance(3_400);
  await lease.end();
  await lease.end();
  lease.report({ state: 'unready', sinceAt: 3 });
  await clock.advance(20_000);
  expect(calls).toEqual(['register starting', 'keep-alive', 'report ready', 'keep-alive', 'deregister']);
});

test('a dictionary that forgot it is told again, with the present health', async () => {
  const clock = createFakeClock();
  const { calls, registry, state } = createRecorder();
  const lease = openInstanceLease(REGISTRATION, STARTING, { registry, clock, log: silentLog });
  lease.report({ state: 'ready', sinceAt: 1 });
  await clock.advance(1);
  state.isForgetful = true;
  await clock.advance(3_400);
  expect(calls.slice(-2)).toEqual(['keep-alive', 'register ready']);
  await lease.end();
});
