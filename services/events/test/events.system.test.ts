// Real mail and web servers on loopback; time, configuration and deployment are turned by hand.
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { until } from '@plumb/testing';
import { SMTPServer } from 'smtp-server';
import { expect, test } from 'vitest';
import { openEventsWorld } from './events-world.ts';
import { CRASHED, unitStatus } from './test-world.ts';

type MailServer = AsyncDisposable & { readonly port: number; readonly mails: string[] };

/** With `password`, mail is taken from the user `plumb` with that password only. */
async function openMailServer({
  port = 0,
  refusals = 0,
  password,
}: { port?: number; refusals?: number; password?: string } = {}): Promise<MailServer> {
  const mails: string[] = [];
  let left = refusals;
  const server = new SMTPServer({
    disabledCommands: password === undefined ? ['AUTH', 'STARTTLS'] : ['STARTTLS'],
    onAuth({ username, password: given }, _session, done) {
      if (username === 'plumb' && given === password) done(null, { user: username });
      else done(new Error('wrong user or password'));
    },
    onData(stream, _session, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        left -= 1;
        if (left >= 0) return done(Object.assign(new Error('try again later'), { responseCode: 451 }));
        mails.push(Buffer.concat(parts).toString());
        done();
      });
    },
  });
  server.on('error', () => undefined);
  server.listen(port, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

type Hook = { readonly headers: http.IncomingHttpHeaders; readonly body: unknown };

async function openHookServer(
  statuses: number[],
): Promise<AsyncDisposable & { readonly url: string; readonly hooks: Hook[] }> {
  const hooks: Hook[] = [];
  const server = http.createServer(async (request, response) => {
    const body = (await request.toArray()).join('');
    hooks.push({ headers: request.headers, body: JSON.parse(body) });
    response.writeHead(statuses.shift() ?? 204).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret/T0KEN`,
    hooks,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const mailSettings = (port: number): Record<string, unknown> => ({
  'notify.smtp.url': `smtp://127.0.0.1:${port}`,
  'notify.email.from': 'plumb@example.org',
  'notify.email.to': ['ann@example.org', 'bob@example.org'],
});

test('a crash loop sends exactly one mail, also when Plumb is started again', async () => {
  await using mail = await openMailServer();
  const records = new Map();
  const settings = mailSettings(mail.port);
  const clock = await (async () => {
    await using world = await openEventsWorld({ records, settings });
    world.deploy.set([unitStatus('tipjar/web', CRASHED)]);
    await world.clock.advance(1_000);
    await until('the mail is written down as sent', async () => {
      const [incident] = await world.client.incidents({});
      return incident?.notifications[0]?.state === 'sent';
    });
    await world.clock.advance(3_600_000);
    return world.clock;
  })();
  await using world = await openEventsWorld({ records, settings, clock });
  world.deploy.set([unitStatus('tipjar/web', CRASHED)]);
  await clock.advance(3_600_000);
  // The second incident proves that mail still goes out: what came before it is all there was.
  world.deploy.set([unitStatus('tipjar/web', CRASHED), unitStatus('tipjar/worker', CRASHED)]);
  await clock.advance(1_000);
  await until('the mail of the other unit', () => mail.mails.length > 1);

  expect(mail.mails).toHaveLength(2);
  const [first = '', second = ''] = mail.mails;
  expect(second).toContain('Subject: [plumb] tipjar/worker: crash loop');
  expect(first).toContain('Subject: [plumb] tipjar/web: crash loop');
  expect(first).toContain('To: ann@example.org, bob@example.org');
  expect(first).toMatch(/Message-ID: <[0-9a-z]{16}-email@plumb\.example\.org>/i);
  expect(first).toContain('http://127.0.0.1:7700/apps/tipjar');
  const journal = await world.client.journal({ limit: 100 });
  expect(journal.map(({ text }) => text)).toContain('told ann@example.org, bob@example.org by an e-mail');
});

test('a mail server that is away or refuses is tried again, with the same id, until it takes the mail', async () => {
  const port = await freePort();
  await using world = await openEventsWorld({ settings: mailSettings(port) });
  const { clock, client, deploy } = world;
  const notification = async () => (await client.incidents({}))[0]?.notifications[0];
  deploy.set([unitStatus('tipjar/web', CRASHED)]);
  await clock.advance(1_000);
  await until('the first try failed', async () => (await notification())?.error?.includes('ECONNREFUSED'));
  expect(await notification()).toMatchObject({ state: 'pending' });

  await using mail = await openMailServer({ port, refusals: 1 });
  await clock.advance(60_000);
  await until('the second try was refused', async () => (await notification())?.error?.includes('try again later'));
  await clock.advance(60_000);
  expect(await until('it was taken', async () => (await notification())?.state === 'sent')).toBe(true);
  expect(mail.mails).toHaveLength(1);
});

test.each([
  ['', 0],
  [', also when the clock was set back by a day', -86_400_000],
])('a message that waits when Plumb ends is sent by the next one, once, with the same id%s', async (_name, jumpMs) => {
  const port = await freePort();
  const records = new Map();
  const first = await openEventsWorld({ records, settings: mailSettings(port) });
  first.deploy.set([unitStatus('tipjar/web', CRASHED)]);
  await first.clock.advance(1_000);
  const incidentId = await until('the first try failed', async () => {
    const [incident] = await first.client.incidents({});
    return incident?.notifications[0]?.error !== undefined && incident.id;
  });
  await first[Symbol.asyncDispose]();
  first.clock.jump(jumpMs);

  await using mail = await openMailServer({ port });
  await using world = await openEventsWorld({ records, settings: mailSettings(port), clock: first.clock });
  // Its trouble is over by now; what was to be said is said all the same.
  world.deploy.set([]);
  await world.clock.advance(60_000);
  await until(
    'the mail',
    async () => (await world.client.incidents({ includeResolved: true }))[0]?.notifications[0]?.state === 'sent',
  );
  await world.clock.advance(3_600_000);
  expect(mail.mails).toHaveLength(1);
  expect(mail.mails[0]).toContain(`<${incidentId}-email@plumb.example.org>`);
});

test('a mail server that wants a password gets the one that plumbd was given', async () => {
  await using mail = await openMailServer({ password: 'hunter2' });
  const settings = { ...mailSettings(mail.port), 'notify.smtp.url': `smtp://plumb@127.0.0.1:${mail.port}` };
  for (const smtpPassword of ['wrong', 'hunter2']) {
    await using world = await openEventsWorld({ settings, smtpPassword });
    const [result] = await until('the settings are read', async () => {
      const results = await world.client.testNotification({});
      return results.length > 0 && results;
    });
    if (smtpPassword === 'wrong') expect(result?.error).toContain('wrong user or password');
    else expect(result).not.toHaveProperty('error');
  }
  expect(mail.mails).toHaveLength(1);
});

test('a webhook is posted until it answers 2xx, each time with the same key; and settings that are wrong can be repaired', async () => {
  await using hook = await openHookServer([500, 302]);
  await using world = await openEventsWorld({ settings: { 'notify.webhook.url': 'ftp://nowhere' } });
  const { clock, client, config, deploy } = world;
  const notification = async () => (await client.incidents({}))[0]?.notifications[0];
  deploy.set([unitStatus('tipjar/web', CRASHED)]);
  await clock.advance(1_000);
  await until('the setting was found wrong', async () => (await notification())?.error?.includes('notify.webhook.url'));
  config.set({ 'notify.webhook.url': hook.url });
  await until('it was written down as sent', async () => {
    await clock.advance(1_000);
    return (await notification())?.state === 'sent';
  });
  await clock.advance(3_600_000);
  expect(hook.hooks).toHaveLength(3);
  expect(new Set(hook.hooks.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  expect(hook.hooks[2]?.body).toMatchObject({ kind: 'incident-opened', incident: { subject: 'tipjar/web' } });
});

test('a test message goes through every channel and tells what became of each', async () => {
  await using mail = await openMailServer();
  await using hook = await openHookServer([418]);
  await using world = await openEventsWorld({
    settings: { ...mailSettings(mail.port), 'notify.webhook.url': hook.url },
  });
  const results = await until('the settings are read', async () => {
    const found = await world.client.testNotification({});
    return found.length > 0 && found;
  });
  expect(results).toEqual([
    { channel: 'email', to: 'ann@example.org, bob@example.org' },
    { channel: 'webhook', to: new URL(hook.url).origin, error: expect.stringContaining('answered 418, not 2xx') },
  ]);
  expect(mail.mails[0]).toContain('Subject: [plumb] test message');
});

test('closing does not wait for a mail server that says nothing', async () => {
  const silent = net.createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const sockets: net.Socket[] = [];
  silent.on('connection', (socket) => sockets.push(socket));
  const world = await openEventsWorld({ settings: mailSettings((silent.address() as AddressInfo).port) });
  try {
    world.deploy.set([unitStatus('tipjar/web', CRASHED)]);
    await world.clock.advance(1_000);
    await until('the connection', () => sockets.length === 1);
  } finally {
    const startedAt = performance.now();
    await world[Symbol.asyncDispose]();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    for (const socket of sockets) socket.destroy();
    silent.close();
  }
});
