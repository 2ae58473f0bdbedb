/**
 * A control plane and programs that joined it, which are stopped, held up and killed for so long, in this process' network.
 * `removal-soak.ts SECONDS` prints `RemovalFigures` as its last line. Started by the soak test in a network that loses packets.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { randomInteger, sleep, systemClock as clock, systemRandom as random } from '@plumb/base';
import { openMemoryKv } from '@plumb/kv';
import { openControlPlane } from './control-plane.ts';
import { declare } from './declare.ts';
import { idsOf } from './registry-world.ts';

export type RemovalFigures = {
  readonly stalls: number;
  /** Times at which a living program was not listed. */
  readonly falseRemovals: number;
  readonly kills: number;
  /** From the kill until nobody is sent there, of each. */
  readonly removalMs: readonly number[];
};

const PROGRAMS = 8;
const STALL_MS = 5_000;
/** Between two stalls; up to four programs are stalled at a time. */
const STALL_EVERY_MS = 1_500;
const KILL_EVERY_STALLS = 10;

const [seconds = '60'] = process.argv.slice(2);
await using kv = await openMemoryKv({ clock });
await using plane = await openControlPlane({ kv });
await declare({ registry: plane.registry, clock }, 'ledger', { api: [] });

const programs = new Map<string, ChildProcess>();
const stalled = new Set<string>();
const ended = new Set<string>();
let [started, stalls, falseRemovals] = [0, 0, 0];
const removalMs: number[] = [];

async function start(): Promise<void> {
  started += 1;
  const id = `ledger-api-${started}`;
  const env = { ...process.env, ...plane.environmentOf('ledger', 'api', id), PORT: '' };
  const child = fork(new URL('joined-process.ts', import.meta.url), { env });
  await once(child, 'message');
  programs.set(id, child);
}

/** Every other one as a whole, the others by their own loop, which the kernel still answers for. */
async function stall(id: string, child: ChildProcess): Promise<void> {
  stalls += 1;
  stalled.add(id);
  if (stalls % 2 === 0) {
    child.kill('SIGSTOP');
    await sleep(clock, STALL_MS);
    child.kill('SIGCONT');
  } else {
    child.send({ holdMs: STALL_MS });
    await sleep(clock, STALL_MS + 500);
  }
  stalled.delete(id);
}

async function kill(id: string, child: ChildProcess): Promise<void> {
  ended.add(id);
  programs.delete(id);
  const killedAt = performance.now();
  child.kill('SIGKILL');
  while ((await idsOf(plane.registry, 'ledger-api')).includes(id)) await sleep(clock, 10);
  removalMs.push(Math.round(performance.now() - killedAt));
  await start();
}

const stop = new AbortController();
const watching = (async () => {
  const input = { service: 'ledger-api', includeUnready: true };
  for await (const event of plane.registry.watchService(input, { signal: stop.signal })) {
    if (event.kind !== 'change') continue;
    const wrong = event.removed.filter((id) => !ended.has(id));
    falseRemovals += wrong.length;
    if (wrong.length > 0) process.stderr.write(`removed: ${wrong.join(' ')} (stalled: ${[...stalled].join(' ')})\n`);
  }
})().catch(() => undefined);

for (let i = 0; i < PROGRAMS; i += 1) await start();
const endAt = performance.now() + Number(seconds) * 1_000;
const pending = new Set<Promise<void>>();
const run = (work: Promise<void>): void => void pending.add(work.finally(() => pending.delete(work)));
while (performance.now() < endAt) {
  const free = [...programs].filter(([id]) => !stalled.has(id));
  const chosen = free[randomInteger(random, 0, Math.max(0, free.length - 1))];
  if (chosen !== undefined)
    run(stalls % KILL_EVERY_STALLS === KILL_EVERY_STALLS - 1 ? killAndCount(chosen) : stall(...chosen));
  await sleep(clock, STALL_EVERY_MS);
}
await Promise.all(pending);
stop.abort();
await watching;
const listed = await idsOf(plane.registry, 'ledger-api');
falseRemovals += [...programs.keys()].filter((id) => !listed.includes(id)).length;
for (const child of programs.values()) child.kill('SIGKILL');
const figures: RemovalFigures = { stalls, falseRemovals, kills: removalMs.length, removalMs };
process.stdout.write(`${JSON.stringify(figures)}\n`);

async function killAndCount([id, child]: readonly [string, ChildProcess]): Promise<void> {
  stalls += 1;
  await kill(id, child);
}
