// What `plumb up --dns PORT` deploys is found by any program that can look up a name; and without it nothing listens.
import { Resolver } from 'node:dns/promises';
import { openTemporaryDirectory, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { startPlumb, TIPJAR } from './src/plumb-process.ts';

test('an application that is deployed has names in DNS, which go with its processes, and /metrics counts who asks', async () => {
  await using directory = await openTemporaryDirectory();
  await using plumb = await startPlumb({ dataDirectory: directory.path, deploy: TIPJAR, words: ['--dns', '0'] });
  const address = plumb.doors.dns ?? '';
  expect(plumb.output()).toMatch(new RegExp(`DNS +${address}`));
  const resolver = new Resolver({ timeout: 5_000, tries: 2 });
  resolver.setServers([address]);

  const before = await until(
    'the instance',
    async () => (await resolver.resolveSrv('_tipjar-web._tcp.service.plumb'))[0],
  );
  const { instances } = await plumb.services.registry.resolve({ service: 'tipjar-web' });
  expect([before.name, before.port]).toEqual([`${instances[0]?.id}.tipjar-web.service.plumb`, instances[0]?.port]);
  expect(await resolver.resolve4(before.name)).toEqual(['127.0.0.1']);
  expect(await resolver.resolve4('tipjar-web.service.plumb')).toEqual(['127.0.0.1']);

  const [status] = await plumb.services.deploy.status({});
  const unit = status?.units.find(({ component }) => component === 'web');
  process.kill(unit?.pid ?? 0, 'SIGKILL');
  await until('the name of the killed process to be gone', () =>
    resolver.resolve4(before.name).then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === 'ENOTFOUND',
    ),
  );
  await until('the next process', async () => (await resolver.resolveSrv('tipjar-web.service.plumb')).length === 1);

  const users = await plumb.services.registry.usedBy({ service: 'tipjar-web' });
  expect(users).toContainEqual(expect.objectContaining({ service: 'tipjar-web', caller: 'dns', kinds: ['looked-up'] }));

  const metrics = await fetch(`${plumb.doors.http}/metrics`, { headers: { authorization: `Bearer ${plumb.token}` } });
  const text = await metrics.text();
  expect(text).toMatch(/plumb_dns_answers_total\{transport="udp",type="SRV",rcode="NOERROR"\} \d+/);
  expect(text).toMatch(/plumb_dns_answers_total\{transport="udp",type="A",rcode="NXDOMAIN"\} \d+/);
  expect(text).toContain('plumb_dns_truncated_total 0');
});

test('without --dns there is no door for it', async () => {
  await using directory = await openTemporaryDirectory();
  await using plumb = await startPlumb({ dataDirectory: directory.path });
  expect(plumb.doors.dns).toBeUndefined();
  expect(plumb.output()).not.toContain('DNS');
});
