// The judge is haproxy: it discovers servers by SRV, over UDP or TCP, and routes real requests to them while instances
// register and leave. It listens on a socket file, so that it needs no port.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { silentLog, systemClock as clock, systemRandom as random } from '@plumb/base';
import { openMemoryKv } from '@plumb/kv';
import { connectInProcess } from '@plumb/rpc';
import { findProgram, hasRequirement, openTemporaryDirectory, until } from '@plumb/testing';
import { afterEach, test } from 'vitest';
import { openDnsDoor } from '../../src/doors/dns/open-dns-door.ts';
import { type RegistryClient, registryContract } from '../../src/index.ts';
import { openRegistry } from '../../src/server.ts';

/** Of haproxy, which asks every 100 ms: 60 to 200 ms, and a second more where it is told that nobody is there. The rest is for busy cores. */
const FOLLOW_MS_MAX = 4_000;

let stack = new AsyncDisposableStack();
afterEach(async () => {
  await stack.disposeAsync();
  stack = new AsyncDisposableStack();
});

async function openDictionary(): Promise<RegistryClient> {
  const kv = stack.use(await openMemoryKv({ clock }));
  const { handlers } = stack.use(await openRegistry({ kv, clock, log: silentLog, hostName: 'here' }));
  const registry = stack.use(connectInProcess(registryContract, handlers, { id: 'ada', scopes: ['*'] }));
  await registry.declare({
    application: { name: 'shop', environment: 'default', release: 'r1', declaredAt: 1 },
    services: [
      { name: 'shop-web', application: 'shop', component: 'web', kind: 'process', protocol: 'http', needs: [] },
    ],
  });
  return registry;
}

/** A web server that answers with its name. */
async function startServer(name: string): Promise<number> {
  const server = http.createServer((_request, response) => response.end(name));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** Resolves with the socket file that it listens on. */
async function startHaproxy(program: string, nameserver: string): Promise<string> {
  const directory = stack.use(await openTemporaryDirectory());
  const [file, socket] = ['haproxy.cfg', 'in.sock'].map((name) => path.join(directory.path, name)) as [string, string];
  const settings = `
global
  maxconn 100
defaults
  mode http
  timeout connect 2s
  timeout client 10s
  timeout server 10s
  default-server init-addr none
resolvers plumb
  nameserver dns ${nameserver}
  accepted_payload_size 8192
  timeout resolve 100ms
  timeout retry 200ms
  hold valid 100ms
  hold obsolete 0s
  hold other 1s
frontend in
  bind unix@${socket}
  default_backend web
backend web
  balance roundrobin
  option redispatch
  server-template web 5 _shop-web._tcp.service.plumb resolvers plumb resolve-prefer ipv4
`;
  await fs.writeFile(file, settings);
  const child = spawn(program, ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const exited = once(child, 'exit');
  stack.defer(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  await until('haproxy to listen', async () => {
    if (child.exitCode !== null) throw new Error(`haproxy ended: ${Buffer.concat(said).toString()}`);
    return (await fs.stat(socket)).isSocket();
  });
  return socket;
}

/** The status and body of one request through haproxy. */
async function get(socketPath: string): Promise<string> {
  const request = http.get({ socketPath, path: '/', agent: false });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return response.statusCode === 200 ? body : String(response.statusCode);
}

/** Who answers ten requests in a row. */
async function whoAnswers(socket: string): Promise<string> {
  const names = new Set<string>();
  for (let i = 0; i < 10; i += 1) names.add(await get(socket));
  return [...names].toSorted().join(' ');
}

const haproxy = findProgram('haproxy');
if (hasRequirement('haproxy', 'install it with "apt-get install haproxy"')) {
  for (const transport of ['udp', 'tcp']) {
    test(`haproxy, over ${transport}, routes to the instances that the dictionary names, as they come and go`, async () => {
      const registry = await openDictionary();
      const door = stack.use(await openDnsDoor({ registry, port: 0, clock, random, log: silentLog }));
      const socket = await startHaproxy(haproxy ?? '', `${transport === 'tcp' ? 'tcp@' : ''}127.0.0.1:${door.port}`);
      const register = async (name: string): Promise<void> => {
        const port = await startServer(name);
        await registry.register({ service: 'shop-web', address: '127.0.0.1', port, instanceId: name, ttlMs: 300_000 });
      };
      const follow = async (expected: string): Promise<unknown> =>
        until(`haproxy to send to ${expected}`, async () => (await whoAnswers(socket)) === expected, {
          timeoutMs: FOLLOW_MS_MAX,
        });

      await follow('503');
      await register('one');
      await follow('one');
      await register('two');
      await register('three');
      await follow('one three two');
      await registry.deregister({ instanceId: 'one' });
      await follow('three two');
      const health = { state: 'unready', reason: 'the disk is full', sinceAt: 1 } as const;
      await registry.reportHealth({ instanceId: 'three', health });
      await follow('two');
      await registry.reportHealth({ instanceId: 'three', health: { state: 'ready', sinceAt: 2 } });
      await follow('three two');
      for (const instanceId of ['two', 'three']) await registry.deregister({ instanceId });
      await follow('503');
      await register('four');
      await follow('four');
    });
  }
}
