/** The Consul door on a dictionary and a store in memory, behind a real HTTP server. */
import { type Clock, silentLog, systemClock, systemRandom } from '@plumb/base';
import { type Kv, openMemoryKv } from '@plumb/kv';
import { type RegistryClient, registryContract } from '@plumb/registry';
import { announceTo, type ConsulDoor, consulRefusal, openConsulDoor, serveConsul } from '@plumb/registry/consul';
import { openRegistry } from '@plumb/registry/server';
import { type Caller, connectInProcess } from '@plumb/rpc';
import Consul from 'consul';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export const NODE = 'node1';
export const OPERATOR: Caller = { id: 'operator', scopes: ['*'] };

export type ConsulWorld = AsyncDisposable & {
  readonly kv: Kv;
  readonly door: ConsulDoor;
  /** As `OPERATOR`. */
  readonly registry: RegistryClient;
  readonly url: string;
  readonly port: number;
  /** A client whose token is known as `caller`. It ends with the world. */
  readonly client: (caller?: Caller) => Consul;
  /** A token that is known as `caller`, until its signal aborts. */
  readonly token: (caller: Caller, ended?: AbortSignal) => string;
  readonly fetch: (
    path: string,
    options?: Omit<RequestInit, 'headers'> & { readonly caller?: Caller },
  ) => Promise<Response>;
};

type Access = { readonly caller: Caller; readonly ended: AbortSignal };

const NEVER = new AbortController().signal;

export async function openConsulWorld(
  options: { readonly clock?: Clock; readonly kv?: Kv; readonly datacenter?: string } = {},
): Promise<ConsulWorld> {
  const { clock = systemClock, datacenter = 'dc1' } = options;
  await using opening = new AsyncDisposableStack();
  const kv = options.kv ?? opening.use(await openMemoryKv({ clock }));
  const { handlers } = opening.use(await openRegistry({ kv, clock, log: silentLog, hostName: NODE }));
  const registry = opening.use(connectInProcess(registryContract, handlers, OPERATOR, { clock }));
  const door = opening.use(
    await openConsulDoor({
      kv,
      clock,
      random: systemRandom,
      log: silentLog,
      agent: { nodeName: NODE, datacenter, address: '127.0.0.1', port: () => port },
      announcer: announceTo(handlers),
    }),
  );
  const accesses = new Map<string, Access>();
  const server = http.createServer((request, response) => {
    const [, bearer] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    const given = bearer ?? request.headers['x-consul-token'];
    const access = typeof given === 'string' ? accesses.get(given) : undefined;
    if (access !== undefined) return void serveConsul(door, { request, response }, access);
    const { status, body } = consulRefusal(given === undefined ? 'none' : 'wrong');
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  opening.defer(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  const token = (caller: Caller, ended = NEVER): string => {
    const text = `token-${accesses.size}`;
    accesses.set(text, { caller, ended });
    return text;
  };
  const url = `http://127.0.0.1:${port}`;
  const clients: Consul[] = [];
  opening.defer(() => {
    for (const client of clients) client.destroy();
  });
  const open = opening.move();
  return {
    kv,
    door,
    registry,
    url,
    port,
    token,
    client(caller = OPERATOR) {
      const client = new Consul({ host: '127.0.0.1', port, defaults: { token: token(caller) } });
      clients.push(client);
      return client;
    },
    fetch: (path, { caller = OPERATOR, ...init } = {}) =>
      fetch(`${url}${path}`, { ...init, headers: { 'x-consul-token': token(caller) } }),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
