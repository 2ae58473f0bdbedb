import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { type DoorWorld, NODE, openDoorWorld, statusAndBody } from './door-world.ts';

type Check = { readonly CheckID: string; readonly Status: string; readonly Output: string };

async function register(world: DoorWorld, check: unknown): Promise<string> {
  return statusAndBody(
    await world.ask('PUT /v1/agent/service/register', { body: { Name: 'web', Port: 80, Check: check } }),
  );
}

async function checksOf(world: DoorWorld, service: string): Promise<Check[]> {
  return (await world.json(`GET /v1/health/checks/${service}`)) as Check[];
}

test('a check with a TTL fails when nobody reports in time, and passes again when somebody does', async () => {
  await using world = await openDoorWorld();
  await register(world, { TTL: '10s', Status: 'passing' });
  await world.ask('PUT /v1/agent/check/pass/service:web?note=fine');
  await world.clock.advance(9_000);
  await world.ask('PUT /v1/agent/check/pass/service:web?note=fine');
  await world.clock.advance(9_000);
  expect(await checksOf(world, 'web')).toMatchObject([{ Status: 'passing', Output: 'fine' }]);
  await world.clock.advance(2_000);
  expect(await checksOf(world, 'web')).toMatchObject([
    { Status: 'critical', Output: 'TTL expired (last output before timeout follows): fine' },
  ]);
  await world.ask('PUT /v1/agent/check/update/service:web', { body: { Status: 'warning', Output: 'slow' } });
  expect(await checksOf(world, 'web')).toMatchObject([{ Status: 'warning', Output: 'slow' }]);
});

test('a service that is critical for too long is deregistered, and one that recovers is not', async () => {
  await using world = await openDoorWorld();
  // Consul allows no less than a minute.
  await register(world, { TTL: '1h', Status: 'passing', DeregisterCriticalServiceAfter: '1s' });
  await world.ask('PUT /v1/agent/check/fail/service:web');
  await world.clock.advance(59_000);
  await world.ask('PUT /v1/agent/check/pass/service:web');
  await world.clock.advance(59_000);
  expect(await checksOf(world, 'web')).toHaveLength(1);
  await world.ask('PUT /v1/agent/check/fail/service:web');
  await world.clock.advance(61_000);
  expect(await world.json('GET /v1/agent/services')).toEqual({});
  expect(await world.json('GET /v1/agent/checks')).toEqual({});
});

test('services and their checks live through a restart, and a TTL begins anew', async () => {
  const clock = createFakeClock();
  const records = new Map();
  {
    await using world = await openDoorWorld({ clock, records });
    await register(world, { TTL: '10s', Status: 'passing' });
  }
  await clock.advance(60_000);
  await using world = await openDoorWorld({ clock, records });
  expect(await checksOf(world, 'web')).toMatchObject([{ Status: 'passing' }]);
  await world.clock.advance(9_000);
  expect(await checksOf(world, 'web')).toMatchObject([{ Status: 'passing' }]);
  await world.clock.advance(2_000);
  expect(await checksOf(world, 'web')).toMatchObject([{ Status: 'critical' }]);
  expect((await world.registry.resolve({ service: 'web', includeUnready: true })).instances).toHaveLength(1);
});

test('what a check says while it stays as it is is not written each time', async () => {
  await using world = await openDoorWorld();
  await register(world, { TTL: '1h', Status: 'passing' });
  await world.ask('PUT /v1/agent/check/pass/service:web?note=1');
  const revision = world.kv.revision();
  for (let i = 2; i < 20; i += 1) await world.ask(`PUT /v1/agent/check/pass/service:web?note=${i}`);
  expect(world.kv.revision()).toBe(revision);
  // The agent knows, and the catalogue later.
  expect(await world.json('GET /v1/agent/checks')).toMatchObject({ 'service:web': { Output: '19' } });
  expect(await checksOf(world, 'web')).toMatchObject([{ Output: '1' }]);
  await world.clock.advance(30_000);
  await world.ask('PUT /v1/agent/check/pass/service:web?note=20');
  expect(await checksOf(world, 'web')).toMatchObject([{ Output: '20' }]);
});

test('checks that would look elsewhere, run programs, or change something are refused', async () => {
  await using world = await openDoorWorld();
  const check = async (definition: unknown, expected: string): Promise<void> =>
    expect(await register(world, definition)).toBe(expected);
  const interval = { Interval: '10s' };
  await check(
    { HTTP: 'http://169.254.169.254/latest/meta-data', ...interval },
    '400 Invalid check: 169.254.169.254 is not an address of this machine, and checks ask no other',
  );
  await check(
    { HTTP: 'http://[fd00::1]/', ...interval },
    '400 Invalid check: fd00::1 is not an address of this machine, and checks ask no other',
  );
  // Other ways to write an address.
  await check(
    { HTTP: 'http://0xa9fea9fe/', ...interval },
    '400 Invalid check: 169.254.169.254 is not an address of this machine, and checks ask no other',
  );
  await check(
    { TCP: '10.0.0.1:22', ...interval },
    '400 Invalid check: 10.0.0.1 is not an address of this machine, and checks ask no other',
  );
  await check({ TCP: 'localhost', ...interval }, '400 Invalid check: TCP takes HOST:PORT, not "localhost"');
  await check(
    { HTTP: 'file:///etc/passwd', ...interval },
    '400 Invalid check: HTTP takes a URL with http or https, not "file:///etc/passwd"',
  );
  await check(
    { HTTP: 'http://localhost/', Method: 'POST', ...interval },
    '400 Invalid check: checks change nothing: use GET, HEAD, OPTIONS without a body',
  );
  await check(
    { HTTP: 'http://localhost/', Header: { 'X-A': ['b\r\nc: d'] }, ...interval },
    '400 Invalid check: the header "X-A" cannot be sent',
  );
  await check(
    { Args: ['/bin/true'], ...interval },
    "400 Scripts are disabled on this agent; to enable, configure 'enable_script_checks' or 'enable_local_script_checks' to true",
  );
  await check(
    { GRPC: 'localhost:1', ...interval },
    '400 Invalid check: Plumb has no GRPC checks: use HTTP, TCP or TTL',
  );
  await check(
    { HTTP: 'http://localhost/' },
    '400 Invalid check: Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService checks',
  );
  await check({}, '400 Invalid check: TTL must be > 0 for TTL checks');
  await check({ TTL: '10s', Status: 'fine' }, '400 Bad check status');
  await check({ TTL: 'soon' }, '400 Request decode failed: Check.TTL is not a duration such as "10s"');
  expect(await world.json('GET /v1/agent/services')).toEqual({});
});

test('several checks are counted, keep their names when they have some, and are replaced when that is asked for', async () => {
  await using world = await openDoorWorld();
  const body = { Name: 'web', Port: 80, Checks: [{ TTL: '10s' }, { TTL: '10s', CheckID: 'mine', Name: 'Mine' }] };
  await world.ask('PUT /v1/agent/service/register', { body });
  const ids = async (): Promise<string[]> => (await checksOf(world, 'web')).map(({ CheckID }) => CheckID);
  expect(await ids()).toEqual(['mine', 'service:web:1']);
  const one = { Name: 'web', Port: 80, Check: { TTL: '10s' } };
  await world.ask('PUT /v1/agent/service/register', { body: one });
  expect(await ids()).toEqual(['mine', 'service:web', 'service:web:1']);
  await world.ask('PUT /v1/agent/service/register?replace-existing-checks', { body: one });
  expect(await ids()).toEqual(['service:web']);
});

test('the health of a service is a status that load balancers can ask for', async () => {
  await using world = await openDoorWorld();
  const check = async (what: string, expected: string): Promise<void> =>
    expect(statusAndBody(await world.ask(`GET /v1/agent/health/service/${what}?format=text`))).toBe(expected);
  await register(world, { TTL: '1h' });
  await check('id/web', '503 critical');
  await world.ask('PUT /v1/agent/check/warn/service:web');
  await check('name/web', '429 warning');
  await world.ask('PUT /v1/agent/check/pass/service:web');
  await check('id/web', '200 passing');
  await check('id/none', '404 ServiceId none not found');
  expect(await world.json('GET /v1/agent/health/service/name/web')).toMatchObject([
    { AggregatedStatus: 'passing', Service: { ID: 'web' }, Checks: [{ Node: NODE, Status: 'passing' }] },
  ]);
});
