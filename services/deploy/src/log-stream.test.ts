import path from 'node:path';
import v8 from 'node:v8';
import vm from 'node:vm';
import { silentLog } from '@plumb/base';
import { type LogFile, openLogFile } from '@plumb/supervise';
import { openTemporaryDirectory, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import type { LogLine } from './contract.ts';
import type { DeployUnit } from './deploy-unit.ts';
import { streamLogs } from './log-stream.ts';

type World = AsyncDisposable & { readonly units: readonly DeployUnit[]; readonly logs: readonly LogFile[] };

async function openWorld(): Promise<World> {
  const directory = await openTemporaryDirectory();
  const names = ['shop/a', 'shop/b'];
  const logs = names.map((name) =>
    openLogFile({ file: path.join(directory.path, `${name}.log`), log: silentLog, sizeBytesMax: 100_000 }),
  );
  const units = names.map((name, i) => ({ name, lines: logs[i] }) as unknown as DeployUnit);
  return {
    units,
    logs,
    async [Symbol.asyncDispose]() {
      for (const log of logs) log[Symbol.dispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

test('the past of all units comes in order of time, then each line of any of them', async () => {
  await using world = await openWorld();
  const [a, b] = world.logs as [LogFile, LogFile];
  a.append({ at: 1, stream: 'stdout', line: 'one' });
  b.append({ at: 2, stream: 'stderr', line: 'two' });
  a.append({ at: 3, stream: 'plumb', line: 'three' });
  const stop = new AbortController();
  const seen: LogLine[] = [];
  const reading = (async () => {
    for await (const line of streamLogs(world.units, { tail: 2, follow: true, signal: stop.signal })) seen.push(line);
  })();
  await until('the past is read', () => seen.length === 2);
  b.append({ at: 4, stream: 'stdout', line: 'four' });
  b.append({ at: 5, stream: 'stdout', line: 'five' });
  a.append({ at: 6, stream: 'stdout', line: 'six' });
  await until('all is read', () => seen.length === 5);
  expect(seen.map(({ unit, line }) => `${unit} ${line}`).slice(0, 2)).toEqual(['shop/b two', 'shop/a three']);
  expect(seen.filter(({ unit }) => unit === 'shop/b').map(({ line }) => line)).toEqual(['two', 'four', 'five']);
  stop.abort();
  await reading;
});

test('who follows a loud unit beside a silent one for long holds no more memory than at first', async () => {
  await using world = await openWorld();
  const [loud] = world.logs as [LogFile];
  const stop = new AbortController();
  let count = 0;
  const reading = (async () => {
    for await (const _ of streamLogs(world.units, { tail: 0, follow: true, signal: stop.signal })) count += 1;
  })();
  const print = async (lineCount: number): Promise<number> => {
    const wanted = count + lineCount;
    for (let printed = 0; printed < lineCount; printed += 1_000) {
      for (let i = 0; i < 1_000; i += 1) loud.append({ at: 0, stream: 'stdout', line: 'x' });
      await until('they are read', () => count === wanted - lineCount + printed + 1_000);
    }
    v8.setFlagsFromString('--expose-gc');
    (vm.runInNewContext('gc') as () => void)();
    return process.memoryUsage().heapUsed;
  };
  const before = await print(1_000);
  // A few hundred bytes a line would be 10 MB.
  expect((await print(40_000)) - before).toBeLessThan(4_000_000);
  stop.abort();
  await reading;
});
