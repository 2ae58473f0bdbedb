import { type ChildProcess, spawn } from 'node:child_process';
import { createLog, silentLog, systemClock } from '@plumb/base';
import { until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { killOrphans, OWNER_VARIABLE } from './orphans.ts';
import { listProcesses } from './process-group.ts';

const PATH = process.env['PATH'] ?? '';
const owner = `test-${process.pid}-${Math.round(performance.now() * 1_000)}`;

/** Runs `script` in a shell in a group of its own, as a unit does, and answers the pids that it prints. */
async function start(
  script: string,
  env: Record<string, string>,
  count = 1,
): Promise<{ child: ChildProcess; pids: number[] }> {
  const child = spawn('/bin/sh', ['-c', script], {
    env: { PATH, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const pids = await until('the pids', () => {
    const numbers = text.split('\n').slice(0, -1).map(Number);
    return numbers.length >= count ? numbers : undefined;
  });
  return { child, pids };
}

function isRunning(pid: number): boolean {
  return listProcesses().some((facts) => facts.pid === pid && facts.isRunning);
}

test('those of the owner end, with their groups, however they resist; nobody else does', async () => {
  const mine = { [OWNER_VARIABLE]: owner };
  const plain = await start('echo $$; exec sleep 60', mine);
  const stubborn = await start('trap "" TERM; echo $$; while :; do sleep 0.05; done', mine);
  // Its child forgot its owner, and stays in the group.
  const forgetful = await start('env -i /bin/sh -c "echo \\$\\$; exec sleep 60" & echo $$; wait', mine, 2);
  // Its child left the group, and kept its owner.
  const escaped = await start('setsid sh -c "echo \\$\\$; exec sleep 60" & echo $$; wait', mine, 2);
  const stranger = await start('echo $$; exec sleep 60', { [OWNER_VARIABLE]: `${owner}x` });
  try {
    const all = [plain, stubborn, forgetful, escaped].flatMap(({ pids }) => pids);
    expect(all.filter(isRunning)).toEqual(all);
    const events: string[] = [];
    const log = createLog((_, event) => events.push(event));
    const ended = await killOrphans(owner, { clock: systemClock, log, graceMs: 200 });
    expect(all.filter(isRunning)).toEqual([]);
    expect(all.filter((pid) => !ended.includes(pid))).toEqual([]);
    expect(new Set(events)).toEqual(new Set(['supervise.orphan']));
    expect(stranger.pids.filter(isRunning)).toEqual(stranger.pids);
    expect(await killOrphans(owner, { clock: systemClock, log: silentLog })).toEqual([]);
  } finally {
    stranger.child.kill('SIGKILL');
  }
});
