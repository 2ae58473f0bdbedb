import http from 'node:http';
import net from 'node:net';
import { expect, test } from 'vitest';
import { httpProbe, type Readiness, tcpProbe } from './probe.ts';

const SIGNAL = AbortSignal.timeout(10_000);

/** Runs `use` with the port of a server that ends after it, with its connections. */
async function withServer<T>(server: http.Server | net.Server, use: (port: number) => Promise<T>): Promise<T> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use((server.address() as net.AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

function answer(status: number, body: string): Promise<Readiness> {
  const server = http.createServer((_, response) => response.writeHead(status).end(body));
  return withServer(server, (port) => httpProbe(`http://127.0.0.1:${port}/ready?deep=1`)(SIGNAL));
}

test('2xx and 3xx are ready, anything else says why', async () => {
  expect(await answer(200, 'x'.repeat(1_000_000))).toEqual({ ready: true });
  expect(await answer(204, '')).toEqual({ ready: true });
  expect(await answer(302, '')).toEqual({ ready: true });
  expect(await answer(404, '')).toEqual({ ready: false, reason: '/ready?deep=1 answers 404' });
  const reason = '/ready?deep=1 answers 503: the database is down';
  expect(await answer(503, 'the database is down\nstack\n')).toEqual({ ready: false, reason });
  const json = JSON.stringify({ status: 'unready', reason: 'the database is down' }, undefined, 2);
  expect(await answer(503, json)).toEqual({ ready: false, reason });
  expect(await answer(503, '{"up":false}')).toMatchObject({ reason: '/ready?deep=1 answers 503: {"up":false}' });
});

test('an endless answer is not read to its end', async () => {
  const server = http.createServer((_, response) => {
    response.writeHead(500);
    const more = (): boolean => !response.destroyed && response.write('y'.repeat(10_000)) && more();
    response.on('drain', more);
    more();
  });
  const readiness = await withServer(server, (port) => httpProbe(`http://127.0.0.1:${port}/`)(SIGNAL));
  expect(readiness).toEqual({ ready: false, reason: `/ answers 500: ${'y'.repeat(120)}` });
});

test('a port where nothing listens is not ready', async () => {
  const port = await withServer(net.createServer(), (port) => Promise.resolve(port));
  const nobody = 'nothing listens there';
  expect(await httpProbe(`http://127.0.0.1:${port}/ready`)(SIGNAL)).toEqual({
    ready: false,
    reason: `/ready does not answer: ${nobody}`,
  });
  const reason = `port ${port} does not accept connections: ${nobody}`;
  expect(await tcpProbe({ host: '127.0.0.1', port })(SIGNAL)).toEqual({ ready: false, reason });
});

test('a port that accepts is ready for TCP, and an HTTP question to it ends with its signal', async () => {
  await withServer(net.createServer(), async (port) => {
    expect(await tcpProbe({ host: '127.0.0.1', port })(SIGNAL)).toEqual({ ready: true });
    const stop = new AbortController();
    const asked = httpProbe(`http://127.0.0.1:${port}/`)(stop.signal);
    stop.abort();
    expect(await asked).toMatchObject({ ready: false });
  });
});
