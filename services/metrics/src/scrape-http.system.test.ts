import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { BODY_SIZE_BYTES_MAX, type Exposition, fetchExposition } from './scrape-http.ts';

/** Fetches from a server that answers with `listener`; `signal` is for the fetch. */
async function fetchFrom(listener: http.RequestListener, signal = AbortSignal.timeout(20_000)): Promise<Exposition> {
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await fetchExposition(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`, {
      signal,
      agent,
    });
  } finally {
    agent.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

test('plain, zipped and OpenMetrics answers are read', async () => {
  expect(await fetchFrom((_request, response) => response.end('a 1\n'))).toEqual({ text: 'a 1\n', format: 'text' });
  const zipped: http.RequestListener = (_request, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('a{b="é"} 1\n'));
  expect(await fetchFrom(zipped)).toEqual({ text: 'a{b="é"} 1\n', format: 'text' });
  const open: http.RequestListener = (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/openmetrics-text; version=1.0.0' }).end('# EOF\n');
  expect(await fetchFrom(open)).toMatchObject({ format: 'openmetrics' });
});

test('whatever is not metrics is refused with the reason', async () => {
  const check = async (listener: http.RequestListener, message: string, signal?: AbortSignal): Promise<void> => {
    await expect(fetchFrom(listener, signal)).rejects.toThrow(message);
  };
  await check((_request, response) => response.writeHead(503).end(), 'answered 503, not 200');
  await check(
    (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    'answered 302, not 200',
  );
  await check((_request, response) => response.end(Buffer.from([0xff, 0xfe])), 'does not answer with UTF-8 text');
  await check(
    (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('not zipped'),
    'did not answer',
  );
  await check((request) => request.socket.destroy(), 'did not answer');
  await check((_request, response) => response.write('a 1\n'), 'did not answer in time', AbortSignal.timeout(100));
});

test('a body that is too large is refused, also when it is small until it is unpacked', async () => {
  const bomb = gzipSync(Buffer.alloc(BODY_SIZE_BYTES_MAX + 1, 'x'));
  expect(bomb.length).toBeLessThan(100_000);
  const answer: http.RequestListener = (_request, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
  await expect(fetchFrom(answer)).rejects.toMatchObject({ code: 'exhausted' });
});
