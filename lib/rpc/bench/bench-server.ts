/**
 * The other side of the benchmark, in a process of its own: one door of each kind, all with the same answers. Its
 * parent asks for its processor time by message, and ends it.
 */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLog, systemClock } from '@plumb/base';
import { Router } from 'zeromq';
import { createDispatcher } from '../src/index.ts';
import { listenZeromq } from '../src/node.ts';
import { benchContract, type BenchValue, createBenchValue } from './bench-contract.ts';

export type BenchAddresses = { readonly plumb: string; readonly zeromq: string; readonly http: string };

const value = createBenchValue();

async function* items(count: number): AsyncGenerator<BenchValue> {
  for (let i = 0; i < count; i += 1) yield value;
}

async function servePlumb(): Promise<string> {
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
  dispatcher.add('bench', benchContract, { echo: (input) => input, items: ({ count }) => items(count) });
  const { addresses } = await listenZeromq({
    addresses: ['tcp://127.0.0.1:0'],
    authenticate: async () => ({ id: 'bench', scopes: ['*'] }),
    accept: dispatcher.accept,
    log: silentLog,
    clock: systemClock,
  });
  return addresses[0] ?? '';
}

/** As the package's guide has it: a router that answers each request in turn, JSON in, JSON out. */
async function serveZeromq(): Promise<string> {
  // Mandatory: a router that may not wait drops what a slow reader has no room for.
  const router = new Router({ mandatory: true });
  await router.bind('tcp://127.0.0.1:*');
  const serve = async (): Promise<void> => {
    for await (const [peer, id, body] of router) {
      const input = JSON.parse(String(body)) as BenchValue | { readonly count: number };
      if ('count' in input) {
        for await (const item of items(input.count)) await router.send([peer ?? '', id ?? '', JSON.stringify(item)]);
      } else await router.send([peer ?? '', id ?? '', JSON.stringify(input)]);
    }
  };
  void serve();
  return router.lastEndpoint ?? '';
}

/** A call is a POST of JSON, a stream one JSON document a line. */
async function serveHttp(): Promise<string> {
  const server = http.createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const input = JSON.parse(String(Buffer.concat(parts))) as BenchValue | { readonly count: number };
    response.setHeader('content-type', 'application/json');
    if (!('count' in input)) return response.end(JSON.stringify(input));
    for await (const item of items(input.count)) {
      if (!response.write(`${JSON.stringify(item)}\n`)) await once(response, 'drain');
    }
    return response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

process.on('message', () => process.send?.({ cpuMs: (process.cpuUsage().user + process.cpuUsage().system) / 1_000 }));
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
const addresses: BenchAddresses = { plumb: await servePlumb(), zeromq: await serveZeromq(), http: await serveHttp() };
process.send?.(addresses);
