/**
 * A replica as a process of its own. Arguments: its keys and the caller's public key as JSON, and the file that each run
 * is written to before it is answered. It tells its parent its address, and `{ spinMs }` from its parent holds it up.
 */
import fs from 'node:fs';
import { silentLog } from '@plumb/base';
import { type KeyPair, serve } from '../src/node.ts';
import { replicaContract } from './replica-contract.ts';

const [given = '', runsFile = ''] = process.argv.slice(2);
const { keys, caller } = JSON.parse(given) as { readonly keys: KeyPair; readonly caller: string };
const file = fs.openSync(runsFile, 'a');
const run =
  (kind: string) =>
  ({ id }: { readonly id: number }): number => {
    fs.writeSync(file, `${kind} ${id}\n`);
    return id * 2;
  };

const server = await serve({
  name: 'tasks',
  contract: replicaContract,
  methods: { safe: run('safe'), once: run('once') },
  keys,
  callers: { [caller]: 'tester' },
  log: silentLog,
});
process.on('message', ({ spinMs }: { readonly spinMs: number }) => {
  fs.writeSync(file, 'spin\n');
  const endAt = performance.now() + spinMs;
  while (performance.now() < endAt) continue;
  fs.writeSync(file, 'spun\n');
});
process.send?.(server.addresses[0]);
