import { expect, test } from 'vitest';
import { SyncLink } from './sync-link.ts';

const REAL_ENTRY = new URL('./sync-worker-entry.js', import.meta.url).href;
const NOWHERE = { targets: 'tcp://127.0.0.1:1/math', credentials: {} };

function openLink(program: string, { checkPeriodMs }: { checkPeriodMs?: number } = {}): SyncLink {
  const entry = new URL(`data:text/javascript,${encodeURIComponent(program)}`);
  return new SyncLink({ ...NOWHERE, entry, checkPeriodMs });
}

function failureOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

test('a worker that cannot connect says why', () => {
  const link = new SyncLink(NOWHERE);
  expect(failureOf(() => link.opened())).toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('cannot reach tcp://127.0.0.1:1'),
  });
  link.close(1);
});

test('a worker that breaks wakes who waits for it, and every later call says why', () => {
  const link = openLink(`
    import { workerData } from 'node:worker_threads';
    workerData.port.postMessage = new Proxy(workerData.port.postMessage, { apply: (post, port, [message]) => {
      if (message.kind === 'ended') Reflect.apply(post, port, [message]);
    } });
    setTimeout(() => { throw new Error('a bug'); }, 1);
    await import('${REAL_ENTRY}');`);
  const error = {
    code: 'unavailable',
    message: 'the blocking connection is closed: its worker ended: a bug: connect again',
  };
  expect(failureOf(() => link.opened())).toMatchObject(error);
  expect(failureOf(() => link.pull(1, 1_000))).toMatchObject(error);
});

test('a worker that is ended is noticed at once', () => {
  const link = openLink(
    `setTimeout(() => process.exit(), 50); await import('${REAL_ENTRY}'); await new Promise(() => {});`,
  );
  const startedMs = performance.now();
  const wait = (): unknown => failureOf(() => link.pull(1, 1_000));
  expect(wait()).toMatchObject({ code: 'unavailable', message: expect.stringContaining('its worker ended') });
  expect(performance.now() - startedMs).toBeLessThan(10_000);
});

test('a worker that does not move is given up', () => {
  const link = openLink(`Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`, { checkPeriodMs: 20 });
  expect(failureOf(() => link.opened())).toMatchObject({
    code: 'unavailable',
    message: 'the blocking connection is closed: its worker does not move any more: connect again',
  });
  link.terminate();
});

test('a worker that moves and does not answer is given up after the deadline', () => {
  const link = openLink(
    `
    import { workerData } from 'node:worker_threads';
    setInterval(() => Atomics.add(workerData.shared, 1, 1), 5);`,
    { checkPeriodMs: 50 },
  );
  const startedMs = performance.now();
  expect(failureOf(() => link.pull(1, 100))).toMatchObject({
    code: 'unavailable',
    message: 'the blocking connection is closed: its worker does not answer: connect again',
  });
  expect(performance.now() - startedMs).toBeGreaterThan(300);
  link.terminate();
});

test('what cannot be copied is refused, and the connection lives on', () => {
  const link = openLink(`
    import { workerData } from 'node:worker_threads';
    const { port, shared } = workerData;
    port.on('message', ({ id }) => {
      port.postMessage({ kind: 'value', id: id - 1, value: 'late' });
      port.postMessage({ kind: 'value', id, value: 'here' });
      Atomics.add(shared, 0, 1);
      Atomics.notify(shared, 0);
    });`);
  const call = (id: number, input: unknown): unknown =>
    failureOf(() => link.call({ kind: 'call', id, method: 'math.add', input, timeoutMs: 1_000 }));
  expect(call(1, [Symbol('x')])).toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('a blocking client takes plain data and functions'),
  });
  expect(call(2, [1])).toEqual({ kind: 'value', id: 2, value: 'here' });
  link.terminate();
});
