// Plumb itself is killed: what it ran is ended and started anew, and there are never two copies.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLog, systemClock } from '@plumb/base';
import { openRocksKv } from '@plumb/kv/rocks';
import { openTemporaryDirectory, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import type { UnitStatus } from '../src/contract.ts';
import { openWorld, WEB, writeFiles } from './world.ts';

const MANIFEST = `plumb: 1
name: shop
processes:
  web: { command: node web.mjs, port: auto, readinessProbe: { httpGet: /ready }, needs: [eth] }
  parent: { command: "sh -c 'trap \\"\\" TERM; sleep 3600 & wait; wait'" }
chains:
  eth: { kind: ethereum, network: dev }
`;

/** The processes whose environment names the owner. */
function runningOf(owner: string): number[] {
  return fs
    .readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        const isZombie = fs.readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
        return !isZombie && fs.readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`PLUMB_OWNER=${owner}`);
      } catch {
        return false;
      }
    });
}

test('after kill -9 of Plumb, a new start leaves one copy of everything, at the same addresses', async () => {
  await using directory = await openTemporaryDirectory();
  await using data = await openTemporaryDirectory();
  writeFiles(directory.path, { 'plumb.yaml': MANIFEST, 'web.mjs': WEB });
  const owner = `killed-run-${process.pid}-${Math.round(performance.now())}`;
  // When this test fails, what it started must go all the same.
  using _leftovers = { [Symbol.dispose]: () => runningOf(owner).forEach((pid) => process.kill(pid, 'SIGKILL')) };
  const script = path.join(path.dirname(fileURLToPath(import.meta.url)), 'killed-run.ts');
  const run = spawn(process.execPath, [script, directory.path, data.path, owner], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  run.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  try {
    await until('the first run is ready', () => text.includes('\n'), { timeoutMs: 60_000 });
  } finally {
    run.kill('SIGKILL');
  }
  await new Promise((resolve) =>
    (run.exitCode ?? run.signalCode) === null ? run.once('exit', resolve) : resolve(undefined),
  );
  const before = JSON.parse(text) as UnitStatus[];
  // Web, the node, the shell, and what the shell started.
  expect(runningOf(owner)).toHaveLength(4);

  await using kv = await openRocksKv({ directory: `${data.path}/kv`, clock: systemClock, log: silentLog });
  await using world = await openWorld({ kv, dataDirectory: data.path, owner });
  const left = runningOf(owner).filter((pid) => before.some((unit) => unit.pid === pid));
  expect(left).toEqual([]);
  const after = await until('everything is ready', async () => {
    const [status] = await world.deploy.status({});
    return status?.units.every(({ health }) => health.state === 'ready') === true ? status.units : undefined;
  });
  expect(after.map(({ unit, port }) => [unit, port])).toEqual(before.map(({ unit, port }) => [unit, port]));
  await until('what the shell starts', () => runningOf(owner).length === 4);
  expect((await world.registry.resolve({ service: 'shop-web', includeUnready: true })).instances).toHaveLength(1);
});
