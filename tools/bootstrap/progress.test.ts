import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withProgress } from './progress.mjs';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function record(isTTY: boolean, work: () => Promise<unknown>): Promise<string> {
  let text = '';
  const stream = { isTTY, write: (part: string) => (text += part) };
  const done = withProgress('installing packages', work, stream).catch(() => {});
  await vi.runAllTimersAsync().catch(() => {});
  await done;
  return text;
}

const lasting = (ms: number) => () => new Promise((resolve) => setTimeout(resolve, ms));

test('a short step says nothing', async () => {
  expect(await record(false, lasting(100))).toBe('');
});

test('away from a terminal a long step is told in plain lines', async () => {
  expect(await record(false, lasting(31_000))).toBe(
    [
      'installing packages …',
      'installing packages … 15 s',
      'installing packages … 30 s',
      'installing packages: done in 31 s',
      '',
    ].join('\n'),
  );
});

test('on a terminal one line counts, and is replaced by the result', async () => {
  const text = await record(true, lasting(2_100));
  expect(text).toContain('installing packages … 2 s');
  expect(text.split('\n')).toHaveLength(2);
  expect(text.endsWith('\r\u001B[2Kinstalling packages: done in 2 s\n')).toBe(true);
});

test('a failure is told', async () => {
  const failing = async (): Promise<void> => {
    await lasting(2_000)();
    throw new Error('no network');
  };
  expect(await record(false, failing)).toBe('installing packages …\ninstalling packages: failed after 2 s\n');
});
