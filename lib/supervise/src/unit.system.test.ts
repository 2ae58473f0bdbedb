// Real processes: small Node and shell programs, started, watched and ended by a unit.
import fs from 'node:fs';
import { createLog, silentLog, systemClock, systemRandom } from '@plumb/base';
import { openTemporaryDirectory, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { isGroupRunning, listProcesses } from './process-group.ts';
import type { Readiness } from './probe.ts';
import { DEFAULT_RESTART_POLICY, type RestartPolicy } from './restart-policy.ts';
import { describeExit } from './running-process.ts';
import { startUnit, type Unit, type UnitEvent, type UnitLaunch } from './unit.ts';

const READY: Readiness = { ready: true };
/** As the real one, with short waits. */
const QUICK = { ...DEFAULT_RESTART_POLICY, backoff: { delayMsMin: 5, delayMsMax: 20 } };

type Watched = AsyncDisposable & {
  readonly unit: Unit;
  readonly events: UnitEvent[];
  readonly lines: string[];
  /** Of each event its kind. */
  readonly kinds: () => string[];
  readonly count: (kind: UnitEvent['kind']) => number;
};

/** A unit that runs `script` in a shell. The environment is nothing but what is given. */
function watch(
  script: string,
  launch: Partial<UnitLaunch> = {},
  { prepare, policy = QUICK }: { prepare?: () => Promise<void>; policy?: RestartPolicy } = {},
): Watched {
  const events: UnitEvent[] = [];
  const lines: string[] = [];
  const unit = startUnit(
    {
      name: 'app/unit',
      owner: 'test-owner',
      policy,
      prepare: async () => {
        await prepare?.();
        const env = { PATH: process.env['PATH'] ?? '' };
        const command = ['/bin/sh', '-c', script];
        return { command, directory: '/', env, readiness: undefined, stopGraceMs: 5_000, ...launch };
      },
    },
    {
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      onEvent: (event) => events.push(event),
      onLine: (stream, line) => lines.push(`${stream} ${line}`),
    },
  );
  const kinds = (): string[] => events.map(({ kind }) => kind);
  const count = (kind: UnitEvent['kind']): number => events.filter((event) => event.kind === kind).length;
  return { unit, events, lines, kinds, count, [Symbol.asyncDispose]: () => unit[Symbol.asyncDispose]() };
}

/** The pid that a script printed with this word before it. */
function printedPid({ lines }: Watched, word: string): Promise<number> {
  return until(`the pid of ${word}`, () => {
    const line = lines.find((line) => line.startsWith(`stdout ${word} `));
    return line === undefined ? undefined : Number(line.split(' ')[2]);
  });
}

function isRunning(pid: number): boolean {
  return listProcesses().some((facts) => facts.pid === pid && facts.isRunning);
}

test('it starts, gets ready, prints, and ends with its stop', async () => {
  await using watched = watch(
    'echo out; echo err >&2; printf half; trap "echo bye; exit 0" TERM; while :; do sleep 0.05; done',
  );
  const { unit, lines, kinds } = watched;
  await until('its output', () => lines.length >= 2);
  expect(unit.status()).toMatchObject({ state: 'running', readiness: READY, restartsTotal: 0, lastExit: undefined });
  await unit.stop();
  expect(kinds()).toEqual(['started', 'ready', 'exited', 'stopped']);
  expect(watched.events[2]).toMatchObject({ isAsked: true, exit: { code: 0, signal: null } });
  expect(unit.status()).toMatchObject({ state: 'stopped', pid: undefined });
  // The shell may also tell that its `sleep` was terminated.
  expect(lines).toEqual(expect.arrayContaining(['stderr err', 'stdout out', 'stdout halfbye']));
  unit.start();
  await until('a second start', () => watched.count('ready') === 2);
});

test('it is given exactly its environment, its directory, and its owner', async () => {
  await using directory = await openTemporaryDirectory();
  await using watched = watch('pwd; env | sort; exec sleep 60', {
    directory: fs.realpathSync(directory.path),
    env: { A: '1', PATH: '/usr/bin:/bin' },
  });
  await until('its output', () => watched.lines.includes('stdout PATH=/usr/bin:/bin'));
  await watched.unit.stop();
  const expected = ['A=1', 'PATH=/usr/bin:/bin', 'PLUMB_OWNER=test-owner', `PWD=${directory.path}`, directory.path];
  // Some shells add `_` and `OLDPWD`.
  expect(
    watched.lines
      .map((line) => line.slice('stdout '.length))
      .filter((line) => !/^(_|OLDPWD|SHLVL)=/.test(line))
      .toSorted(),
  ).toEqual(expected.toSorted());
});

test('killed, it is started again, and says so in order', async () => {
  await using watched = watch('exec sleep 60');
  const { unit, events, kinds } = watched;
  await until('it runs', () => unit.status().state === 'running');
  const { pid } = unit.status();
  expect(unit.kill()).toBe(true);
  await until('it runs again', () => watched.count('ready') === 2);
  expect(unit.status().pid).not.toBe(pid);
  expect(unit.status()).toMatchObject({ restartsRecent: 1, restartsTotal: 1, lastExit: { signal: 'SIGKILL' } });
  expect(kinds()).toEqual(['started', 'ready', 'exited', 'restarting', 'started', 'ready']);
  const exited = events[2];
  expect(exited?.kind === 'exited' && describeExit(exited.exit)).toBe('was killed (SIGKILL)');
  expect(exited).toMatchObject({ isAsked: false });
});

test('a crash loop ends when its budget is spent, and a person brings it back with a fresh one', async () => {
  await using watched = watch('echo dying; exit 3');
  const { unit, events, lines } = watched;
  await until('it is given up', () => unit.status().state === 'crashed');
  expect(watched.count('started')).toBe(5);
  expect(watched.count('restarting')).toBe(4);
  expect(events.at(-1)).toMatchObject({ kind: 'crashed', exitCount: 5, exit: { code: 3, signal: null } });
  expect(lines).toEqual(Array.from({ length: 5 }, () => 'stdout dying'));
  expect(unit.kill()).toBe(false);
  await unit.restart();
  await until('it is given up again', () => watched.count('crashed') === 2);
  expect(watched.count('started')).toBe(10);
});

test('whoever starts a crashed unit sees it start, not what became of the copies before', async () => {
  await using watched = watch('exit 1');
  await until('it is given up', () => watched.unit.status().state === 'crashed');
  watched.unit.start();
  expect(watched.unit.status()).toMatchObject({ state: 'starting', readiness: { reason: 'not started yet' } });
});

test('a crashed unit can be stopped', async () => {
  await using watched = watch('exit 1');
  await until('it is given up', () => watched.unit.status().state === 'crashed');
  await watched.unit.stop();
  await until('it is stopped', () => watched.unit.status().state === 'stopped');
  expect(watched.kinds().at(-1)).toBe('stopped');
});

test('a process that ignores SIGTERM is killed after its grace, no sooner', async () => {
  await using watched = watch('trap "" TERM; echo armed; while :; do sleep 0.05; done', { stopGraceMs: 300 });
  await until('its trap', () => watched.lines.includes('stdout armed'));
  const from = performance.now();
  await watched.unit.stop();
  expect(performance.now() - from).toBeGreaterThan(290);
  expect(watched.events.find((event) => event.kind === 'exited')).toMatchObject({
    exit: { signal: 'SIGKILL' },
    isAsked: true,
  });
});

test('a stop can shorten the grace of one that is under way', async () => {
  await using watched = watch('trap "" TERM; echo armed; while :; do sleep 0.05; done', { stopGraceMs: 600_000 });
  await until('its trap', () => watched.lines.includes('stdout armed'));
  const slow = watched.unit.stop();
  await watched.unit.stop({ graceMs: 50 });
  await slow;
});

test('what it started ends with it: on a stop, on a crash, and when it only outlives its parent', async () => {
  await using watched = watch(
    'sh -c \'trap "" TERM; echo child $$; while :; do sleep 0.05; done\' & echo parent $$; wait',
    {
      stopGraceMs: 200,
    },
  );
  const child = await printedPid(watched, 'child');
  const parent = await printedPid(watched, 'parent');
  await watched.unit.stop();
  expect([child, parent].filter(isRunning)).toEqual([]);

  watched.lines.length = 0;
  watched.unit.start();
  const nextChild = await printedPid(watched, 'child');
  process.kill(await printedPid(watched, 'parent'), 'SIGKILL');
  await until('the next copy', () => watched.count('started') === 3);
  expect(isRunning(nextChild)).toBe(false);
});

test('those that it started get the rest of a stop’s grace', async () => {
  const child = 'trap "sleep 0.1; echo drained; exit" TERM; echo child $$; while :; do sleep 0.02; done';
  await using watched = watch(`sh -c '${child}' & trap "exit 0" TERM; wait`);
  await printedPid(watched, 'child');
  await watched.unit.stop();
  expect(watched.lines).toContain('stdout drained');
});

test('a pipe held open by a process that left the group does not hold up the restart', async () => {
  await using watched = watch('setsid sleep 60 & sleep 0.1; exit 1');
  await until('it is given up', () => watched.unit.status().state === 'crashed');
  for (const { pid } of listProcesses().filter(({ pid }) => isLeftOver(pid))) process.kill(pid, 'SIGKILL');
  expect(watched.count('started')).toBe(5);
});

function isLeftOver(pid: number): boolean {
  try {
    return (
      fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8') === 'sleep\u000060\u0000' &&
      fs.readFileSync(`/proc/${pid}/environ`, 'utf8').includes('PLUMB_OWNER=test-owner')
    );
  } catch {
    return false;
  }
}

test('what cannot be started says why, and counts like a crash', async () => {
  await using directory = await openTemporaryDirectory();
  fs.writeFileSync(`${directory.path}/plain`, 'x');
  const check = async (launch: Partial<UnitLaunch>, reason: string, prepare?: () => Promise<void>): Promise<void> => {
    await using watched = watch('', launch, prepare === undefined ? {} : { prepare });
    await until('it is given up', () => watched.unit.status().state === 'crashed');
    expect(watched.events[0]).toMatchObject({
      kind: 'exited',
      isAsked: false,
      exit: { code: null, signal: null, reason },
    });
    expect(watched.count('exited')).toBe(5);
    expect(watched.unit.status().readiness).toEqual({ ready: false, reason });
  };
  await check({ command: ['nodee', 'x'] }, 'the program "nodee" was not found: install it, or write its path');
  await check(
    { command: [`${directory.path}/plain`] },
    `the program "${directory.path}/plain" may not be run: make it executable (chmod +x)`,
  );
  await check({ directory: '/no/such' }, 'the directory /no/such is not there: deploy from one that stays');
  await check({}, 'the port is taken', () => Promise.reject(new Error('the port is taken')));
});

test('readiness is followed, and its loss restarts nothing', async () => {
  let answer: Readiness = { ready: false, reason: 'warming up' };
  const readiness = { check: () => Promise.resolve(answer), periodMs: 10, timeoutMs: 1_000 };
  await using watched = watch('exec sleep 60', { readiness });
  await until('it is asked', () => watched.count('unready') === 1);
  expect(watched.unit.status()).toMatchObject({ state: 'starting', readiness: answer });
  answer = READY;
  await until('it is ready', () => watched.unit.status().state === 'running');
  answer = { ready: false, reason: 'the database is down' };
  await until('it is unready', () => watched.count('unready') === 2);
  expect(watched.unit.status()).toMatchObject({ state: 'running', readiness: answer });
  answer = READY;
  await until('it is ready again', () => watched.count('ready') === 2);
  expect(watched.count('started')).toBe(1);
});

test('a stop ends the wait of a preparation and of a backoff', async () => {
  const never = Promise.withResolvers<void>();
  const waiting = watch('exit 0', {}, { prepare: () => never.promise });
  const stopped = waiting.unit.stop();
  never.resolve();
  await stopped;
  expect(waiting.kinds()).toEqual(['stopped']);
  await waiting[Symbol.asyncDispose]();

  await using dead = watch('exit 1', {}, { policy: { ...QUICK, firstDelayMs: 600_000 } });
  await until('it waits for its restart', () => dead.unit.status().state === 'backoff');
  await dead.unit.stop();
  expect(dead.kinds()).toEqual(['started', 'ready', 'exited', 'restarting', 'stopped']);
});

test('commands that come at once leave one copy', async () => {
  await using watched = watch('exec sleep 60');
  const { unit } = watched;
  await until('it runs', () => unit.status().state === 'running');
  await Promise.all([unit.restart(), unit.restart(), unit.stop(), unit.restart()]);
  await until('it runs again', () => unit.status().state === 'running');
  expect(watched.count('started') - watched.count('exited')).toBe(1);
  expect(watched.count('restarting')).toBe(0);
});

test('a process that prints without end neither loses a line nor takes all the time', async () => {
  await using watched = watch('seq 1 60000; echo done; exec sleep 60');
  let ticks = 0;
  using _ticking = systemClock.every(5, () => (ticks += 1));
  await until('its last line', () => watched.lines.at(-1) === 'stdout done');
  expect(watched.lines).toHaveLength(60_001);
  expect(watched.lines[30_000]).toBe('stdout 30001');
  // 60,000 lines at the limit of 20,000 a second, the pipe's content aside.
  expect(ticks).toBeGreaterThan(20);
});

test('nothing is left behind: no zombie, no group, no descriptor', async () => {
  const descriptors = (): number => fs.readdirSync('/proc/self/fd').length;
  const errors: string[] = [];
  const log = createLog((level, event) => level === 'error' && errors.push(event));
  const run = async (): Promise<number> => {
    await using watched = watch('sleep 60 & exec sleep 60');
    await until('it runs', () => watched.unit.status().state === 'running');
    watched.unit.kill();
    await until('it runs again', () => watched.count('ready') === 2);
    return watched.unit.status().pid ?? 0;
  };
  await run();
  const before = descriptors();
  const pids = [await run(), await run(), await run()];
  await until('descriptors are closed', () => descriptors() <= before);
  expect(pids.filter(isGroupRunning)).toEqual([]);
  expect(listProcesses().filter(({ parentId, isRunning }) => parentId === process.pid && !isRunning)).toEqual([]);
  log.debug('end');
  expect(errors).toEqual([]);
});

test('of commands that cross each other the last one counts, and each of them ends', async () => {
  const slow = 'trap "sleep 0.1; exit 0" TERM; while :; do sleep 0.02; done';
  const check = async (commands: (unit: Unit) => unknown[], isWanted: boolean): Promise<void> => {
    await using watched = watch(slow);
    const { unit, count } = watched;
    await until('it runs', () => unit.status().state === 'running');
    const before = count('started');
    await Promise.all(commands(unit));
    if (isWanted) await until('it runs again', () => unit.status().state === 'running' && count('started') > before);
    expect(unit.status()).toMatchObject({ state: isWanted ? 'running' : 'stopped', restartsTotal: 0 });
    expect(count('started') - before).toBe(isWanted ? 1 : 0);
    expect(count('restarting')).toBe(0);
  };
  await check((unit) => [unit.restart(), unit.stop()], false);
  await check((unit) => [unit.stop(), unit.restart()], true);
  await check((unit) => [unit.restart(), unit.restart()], true);
  await check((unit) => [unit.stop(), unit.start()], true);
  await check((unit) => [unit.stop(), unit.start(), unit.stop()], false);
});

test('it can be stopped and started at once while it waits for its next start', async () => {
  const policy = { ...DEFAULT_RESTART_POLICY, firstDelayMs: 60_000 };
  await using watched = watch('exit 1', {}, { policy });
  const { unit, count } = watched;
  await until('it waits', () => unit.status().state === 'backoff');
  const stopped = unit.stop();
  unit.start();
  await stopped;
  await until('it was started again', () => count('started') === 2);
});
