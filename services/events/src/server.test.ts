import type { EventsClient } from './contract.ts';
import { expect, test } from 'vitest';
import { openEventsWorld } from '../test/events-world.ts';
import { CRASHED, unitStatus } from '../test/test-world.ts';

const UNREADY = { health: { state: 'unready', sinceAt: 0, reason: 'GET /ready answered 503' } } as const;
const journalOf = async (client: EventsClient): Promise<string[]> =>
  (await client.journal({ limit: 1_000 })).map(({ kind, text }) => `${kind}: ${text}`);

test('trouble that ends by itself within the hold leaves nothing, and longer trouble one incident until it is over', async () => {
  await using world = await openEventsWorld();
  const { client, clock, deploy } = world;
  deploy.set([unitStatus('tipjar/web', UNREADY)]);
  await clock.advance(29_000);
  expect(await client.alerts({})).toMatchObject([{ id: 'instance-down/tipjar/web', state: 'pending' }]);
  deploy.set([unitStatus('tipjar/web')]);
  await clock.advance(60_000);
  expect(await client.alerts({ includeResolved: true })).toEqual([]);

  deploy.set([unitStatus('tipjar/web', UNREADY)]);
  await clock.advance(31_000);
  const [incident] = await client.incidents({});
  expect(incident).toMatchObject({ title: 'tipjar/web: not ready', state: 'open', notifications: [] });
  deploy.set([unitStatus('tipjar/web', CRASHED)]);
  await clock.advance(60_000);
  expect(await client.incidents({ includeResolved: true })).toMatchObject([
    { id: incident?.id, state: 'open', alerts: ['instance-down/tipjar/web', 'crash-loop/tipjar/web'] },
  ]);
  deploy.set([unitStatus('tipjar/web')]);
  await clock.advance(31_000);
  expect(await client.incidents({})).toEqual([]);
  expect(await journalOf(client)).toMatchInlineSnapshot(`
    [
      "incident: incident resolved: the trouble of tipjar/web is over after 1 min 31 s",
      "notify: nobody is configured to be told: plumb config set plumb.notify.email.to YOU@EXAMPLE.ORG",
      "incident: incident opened: tipjar/web is unready: GET /ready answered 503",
    ]
  `);
});

test('an incident survives a restart: it is not opened again, and ends when its trouble does', async () => {
  const records = new Map();
  const clock = await (async () => {
    await using world = await openEventsWorld({ records });
    world.deploy.set([unitStatus('tipjar/web', CRASHED)]);
    await world.clock.advance(1_000);
    expect(await world.client.incidents({})).toHaveLength(1);
    return world.clock;
  })();
  await using world = await openEventsWorld({ records, clock });
  world.deploy.set([unitStatus('tipjar/web', CRASHED)]);
  await clock.advance(60_000);
  expect(await world.client.incidents({ includeResolved: true })).toMatchObject([{ state: 'open' }]);
  expect((await journalOf(world.client)).filter((line) => line.includes('opened'))).toHaveLength(1);
  world.deploy.set([unitStatus('tipjar/web')]);
  await clock.advance(31_000);
  expect(await world.client.incidents({ includeResolved: true })).toMatchObject([{ state: 'resolved' }]);
});

test.each([-3_600_000, 3_600_000])(
  'an alert fires after its time also when the clock is set by %d ms meanwhile',
  async (jumpMs) => {
    await using world = await openEventsWorld();
    const { client, clock, deploy } = world;
    deploy.set([unitStatus('tipjar/web', UNREADY)]);
    await clock.advance(20_000);
    clock.jump(jumpMs);
    deploy.set([unitStatus('tipjar/web', { ...UNREADY, restartsTotal: 1 })]);
    await clock.advance(9_000);
    expect(await client.incidents({})).toEqual([]);
    await clock.advance(2_000);
    expect(await client.incidents({})).toHaveLength(1);

    deploy.set([unitStatus('tipjar/web')]);
    await clock.advance(20_000);
    clock.jump(-jumpMs);
    await clock.advance(9_000);
    expect(await client.incidents({})).toHaveLength(1);
    await clock.advance(2_000);
    expect(await client.incidents({})).toEqual([]);
  },
);

test('an incident is acknowledged by name, once, and still ends by itself', async () => {
  await using world = await openEventsWorld();
  const { client, clock, deploy } = world;
  deploy.set([unitStatus('tipjar/web', CRASHED)]);
  await clock.advance(1_000);
  const incidentId = (await client.incidents({}))[0]?.id ?? '';
  for (let i = 0; i < 2; i += 1) {
    expect(await client.acknowledge({ incidentId })).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'ann' });
  }
  expect((await journalOf(client)).filter((line) => line.includes('ann looks after it'))).toHaveLength(1);
  await expect(client.acknowledge({ incidentId: 'nope' })).rejects.toMatchObject({ code: 'not-found' });
  deploy.set([]);
  await clock.advance(31_000);
  expect(await client.incidents({})).toEqual([]);
});

test('the journal pages backwards, by application too', async () => {
  await using world = await openEventsWorld();
  const { client, events } = world;
  const lines = Array.from({ length: 9 }, (_, i) => ({ application: i % 2 === 0 ? 'a' : 'b', text: `line ${i}\n` }));
  await Promise.all(lines.map((line) => events.journal({ kind: 'heal', ...line })));
  const first = await client.journal({ application: 'a', limit: 2 });
  expect(first.map(({ text }) => text)).toEqual(['line 8', 'line 6']);
  const second = await client.journal({ application: 'a', limit: 5, beforeId: first.at(-1)?.id });
  expect(second.map(({ text }) => text)).toEqual(['line 4', 'line 2', 'line 0']);
});

test('a watcher sees what is, then each change, of its application only', async () => {
  await using world = await openEventsWorld();
  const { client, clock, deploy, events } = world;
  await events.journal({ kind: 'deploy', application: 'tipjar', text: 'deployed' });
  await events.journal({ kind: 'deploy', application: 'other', text: 'deployed too' });
  const stop = new AbortController();
  const seen = client.watch({ application: 'tipjar' }, { signal: stop.signal })[Symbol.asyncIterator]();
  expect((await seen.next()).value).toMatchObject({ kind: 'snapshot', alerts: [], journal: [{ text: 'deployed' }] });
  await events.journal({ kind: 'deploy', application: 'other', text: 'not seen' });
  deploy.set([unitStatus('tipjar/web', CRASHED)]);
  await clock.advance(1_000);
  expect((await seen.next()).value).toMatchObject({
    kind: 'change',
    alerts: [{ id: 'crash-loop/tipjar/web', state: 'firing' }],
    incidents: [{ state: 'open' }],
    journal: [
      { kind: 'incident' },
      { kind: 'notify', text: expect.stringContaining('plumb config set plumb.notify.email.to') },
    ],
  });
  stop.abort();
});
