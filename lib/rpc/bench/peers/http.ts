/** HTTP/1.1 with kept connections, as many as there are calls at a time. A call is a POST, a stream a document a line. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import readline from 'node:readline';
import { Pool } from 'undici';
import type { BenchValue } from '../bench-contract.ts';
import { createItems } from '../bench-value.ts';
import { IN_FLIGHT } from '../loads.ts';
import type { Peer } from './peer.ts';

const JSON_TYPE = 'application/json';

export const http1: Peer = {
  settings: `undici and node:http, JSON, ${IN_FLIGHT} kept connections`,
  async serve() {
    const server = http.createServer((request, response) => void answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  },
  async open(address) {
    const pool = new Pool(address, { connections: IN_FLIGHT });
    const post = async (body: string | Uint8Array, type: string) =>
      (await pool.request({ path: '/', method: 'POST', headers: { 'content-type': type }, body })).body;
    return {
      call: async (value) => (await post(JSON.stringify(value), JSON_TYPE)).json() as Promise<BenchValue>,
      echoBytes: async (bytes) => (await post(bytes, 'application/octet-stream')).bytes(),
      async *items(count) {
        const input = await post(JSON.stringify({ count }), JSON_TYPE);
        for await (const line of readline.createInterface({ input })) yield JSON.parse(line) as BenchValue;
      },
    };
  },
};

async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const body = Buffer.concat(parts);
  const type = request.headers['content-type'] ?? '';
  response.setHeader('content-type', type);
  if (type !== JSON_TYPE) return void response.end(body);
  const input = JSON.parse(String(body)) as BenchValue | { readonly count: number };
  if (!('count' in input)) return void response.end(JSON.stringify(input));
  for await (const item of createItems(input.count)) {
    if (!response.write(`${JSON.stringify(item)}\n`)) await once(response, 'drain');
  }
  response.end();
}
