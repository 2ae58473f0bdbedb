// Trouble that a machine can fix is fixed by the machine, and a person is told of the rest, once.
import type { UnitStatus } from '@plumb/deploy';
import { openTemporaryDirectory, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { type MailServer, openMailServer } from './src/mail-server.ts';
import { type PlumbProcess, startPlumb, TIPJAR } from './src/plumb-process.ts';

async function unit(plumb: PlumbProcess, component: string): Promise<UnitStatus> {
  const [application] = await plumb.services.deploy.status({ application: 'tipjar' });
  const found = application?.units.find((candidate) => candidate.component === component);
  if (found === undefined) throw new Error(`no unit ${component}`);
  return found;
}

async function untilReady(plumb: PlumbProcess, component: string, notPid?: number): Promise<UnitStatus> {
  return until(`${component} is ready`, async () => {
    const status = await unit(plumb, component);
    return status.health.state === 'ready' && status.pid !== undefined && status.pid !== notPid && status;
  });
}

async function readyCount(plumb: PlumbProcess, service: string): Promise<number> {
  return (await plumb.services.registry.resolve({ service })).instances.length;
}

async function tellByMail(plumb: PlumbProcess, mail: MailServer): Promise<void> {
  const set = (key: string, value: string): Promise<unknown> =>
    plumb.services.config.set({ application: 'plumb', key, value });
  await set('notify.smtp.url', `smtp://127.0.0.1:${mail.port}`);
  await set('notify.email.from', 'plumb@example.com');
  await set('notify.email.to', 'founder@example.com');
}

test('a killed process leaves resolve within a second, is healed, and the journal says so in one line, to nobody', async () => {
  await using directory = await openTemporaryDirectory();
  await using mail = await openMailServer();
  await using plumb = await startPlumb({ dataDirectory: directory.path, deploy: TIPJAR });
  await tellByMail(plumb, mail);
  const before = await untilReady(plumb, 'web');
  expect(await readyCount(plumb, 'tipjar-web')).toBe(1);

  const killedAt = performance.now();
  process.kill(before.pid ?? 0, 'SIGKILL');
  await until('it left resolve', async () => (await readyCount(plumb, 'tipjar-web')) === 0, { periodMs: 1 });
  expect(performance.now() - killedAt).toBeLessThan(1_000);

  const after = await untilReady(plumb, 'web', before.pid);
  expect(after.restartsTotal).toBe(1);
  await until('it is back in resolve', async () => (await readyCount(plumb, 'tipjar-web')) === 1);
  const healed = await until('the journal has it', async () => {
    const entries = (await plumb.services.events.journal({ application: 'tipjar' })).filter(
      ({ kind }) => kind === 'heal',
    );
    return entries.length > 0 && entries;
  });
  expect(healed.map(({ text }) => text)).toEqual([
    expect.stringMatching(/^tipjar\/web was killed \(SIGKILL\); restarted, ready again after [\d.]+ m?s$/),
  ]);
  expect(await plumb.services.events.incidents({ includeResolved: true })).toEqual([]);
  expect(mail.messages()).toEqual([]);
});

test('a process that keeps dying stays down after its budget, with one incident and one e-mail', async () => {
  await using directory = await openTemporaryDirectory();
  await using mail = await openMailServer();
  await using plumb = await startPlumb({ dataDirectory: directory.path, deploy: TIPJAR });
  await tellByMail(plumb, mail);

  let killed = 0;
  await until(
    'the budget is spent',
    async () => {
      const { state, pid } = await unit(plumb, 'web');
      if (state === 'crashed') return true;
      if (pid !== undefined && pid !== killed) {
        process.kill(pid, 'SIGKILL');
        killed = pid;
      }
      return false;
    },
    { timeoutMs: 60_000 },
  );

  const [message] = await until('the e-mail came', () => mail.messages().length > 0 && mail.messages());
  expect(message).toContain('tipjar/web');
  expect(message).toContain('founder@example.com');
  const [incident, ...more] = await plumb.services.events.incidents({});
  expect(more).toEqual([]);
  expect(incident).toMatchObject({ subject: 'tipjar/web', state: 'open' });
  await until(
    'its delivery is recorded',
    async () => (await plumb.services.events.incidents({}))[0]?.notifications[0]?.state === 'sent',
  );

  // A person mends it: the way back is a restart. The incident ends quietly, without a second e-mail.
  expect((await plumb.run('restart', 'tipjar/web')).code).toBe(0);
  await untilReady(plumb, 'web', killed);
  await until('the incident is resolved', async () => (await plumb.services.events.incidents({})).length === 0, {
    timeoutMs: 60_000,
  });
  expect(mail.messages()).toHaveLength(1);
  const kinds = (await plumb.services.events.journal({ application: 'tipjar' })).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'give-up')).toHaveLength(1);
});

test('a killed chain node passes through its states, the web process is not ready meanwhile, and both recover', async () => {
  await using directory = await openTemporaryDirectory();
  await using plumb = await startPlumb({ dataDirectory: directory.path, deploy: TIPJAR });
  const before = await untilReady(plumb, 'eth');
  const web = await untilReady(plumb, 'web');

  const states: string[] = [];
  const webStates: string[] = [];
  const stop = new AbortController();
  const watching = (async () => {
    for await (const event of plumb.services.deploy.watch({ application: 'tipjar' }, { signal: stop.signal })) {
      const application =
        event.kind === 'snapshot' ? event.applications[0] : event.kind === 'change' ? event.application : undefined;
      for (const { component, health } of application?.units ?? []) {
        const list = component === 'eth' ? states : webStates;
        if (list.at(-1) !== health.state) list.push(health.state);
      }
    }
  })().catch(() => undefined);

  await until('the watch has begun', () => states.length > 0 && webStates.length > 0);
  process.kill(before.pid ?? 0, 'SIGKILL');
  await until('the chain failed', () => states.includes('failed'));
  await until('the web process is not ready', () => webStates.includes('unready'));
  await untilReady(plumb, 'eth', before.pid);
  const webAfter = await until('the web process is ready again', async () => {
    const status = await unit(plumb, 'web');
    return status.health.state === 'ready' && status;
  });
  stop.abort();
  await watching;
  expect(states[0]).toBe('ready');
  expect(states.slice(1, 3)).toEqual(['failed', 'starting']);
  expect(states.at(-1)).toBe('ready');
  expect(webStates.at(-1)).toBe('ready');
  // It waited; it was not restarted for what its need did.
  expect(webAfter.pid).toBe(web.pid);
});
