/** The server of the Consul benchmark: the door on a store on disk. Tells its port, and ends when nobody is there who asked for it. */
import { silentLog, systemClock as clock, systemRandom as random } from '@plumb/base';
import { openRocksKv } from '@plumb/kv/rocks';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { announceTo, openConsulDoor, serveConsul } from '../src/doors/consul/index.ts';
import { openRegistry } from '../src/server.ts';

const [directory = ''] = process.argv.slice(2);
const access = { caller: { id: 'bench', scopes: ['*'] }, ended: new AbortController().signal };
const agent = { nodeName: 'bench', datacenter: 'dc1', address: '127.0.0.1', port: () => 0 };

const stack = new AsyncDisposableStack();
const kv = stack.use(await openRocksKv({ directory, clock, log: silentLog }));
const { handlers } = stack.use(await openRegistry({ kv, clock, log: silentLog, hostName: 'bench' }));
const announcer = announceTo(handlers);
const door = stack.use(await openConsulDoor({ kv, clock, random, log: silentLog, agent, announcer }));
const server = http.createServer((request, response) => void serveConsul(door, { request, response }, access));
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () =>
  process.send?.((server.address() as AddressInfo).port),
);
process.on('message', () => process.send?.(process.cpuUsage()));
process.on('disconnect', () => {
  server.close();
  server.closeAllConnections();
  void stack.disposeAsync();
});
