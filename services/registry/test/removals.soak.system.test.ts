// Goal: no living program is ever taken out of the dictionary, though it is stalled for 5 s and the network loses packets,
// and those that are killed are. Method: a network namespace whose loopback loses a tenth of all packets (nftables), in it a
// control plane and programs in processes of their own that are stopped, held up and killed at random.
// `SOAK_MINUTES=60` for longer; `SOAK_LOSS_PERCENT=0` for a network that works.
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { hasRequirement } from '@plumb/testing';
import { expect, test } from 'vitest';
import type { RemovalFigures } from './removal-soak.ts';

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 2);
const LOSS_PERCENT = Number(process.env['SOAK_LOSS_PERCENT'] ?? 10);
const IS_SOAK = Number(process.env['FUZZ_SECONDS'] ?? 0) > 0;

const RULES = `table inet loss {
  chain input {
    type filter hook input priority 0;
    numgen random mod 100 < ${LOSS_PERCENT} drop
  }
}`;
const SETUP = `ip link set lo up && nft '${RULES}'`;

async function runSoak(): Promise<RemovalFigures> {
  const program = path.join(import.meta.dirname, 'removal-soak.ts');
  const script = `${SETUP} && exec "$0" "$1" "$2"`;
  const words = ['--net', '--', 'sh', '-c', script, process.execPath, program, String(MINUTES * 60)];
  const child = spawn('unshare', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`the soak ended with ${String(code)}`);
  return JSON.parse(out.trim().split('\n').at(-1) ?? '') as RemovalFigures;
}

const canIsolate = (): boolean => spawnSync('unshare', ['--net', '--', 'sh', '-c', SETUP]).status === 0;
const how = 'run as root after "apt-get install --no-install-recommends nftables"';

if (!IS_SOAK) test.skip('removals under stalls and loss: minutes, so with "npm run test:soak -- removals"');
else if (hasRequirement('nft', how, canIsolate())) {
  test(
    `nobody who lives is removed in ${MINUTES} min of stalls of 5 s and ${LOSS_PERCENT} % loss`,
    async () => {
      const { removalMs, ...figures } = await runSoak();
      const sorted = removalMs.toSorted((a, b) => a - b);
      const [median = 0, last = 0] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
      process.stdout.write(`${JSON.stringify({ ...figures, removalMs: { median, last } })}\n`);
      expect(figures.falseRemovals).toBe(0);
      expect(figures.stalls).toBeGreaterThan(MINUTES * 20);
      expect(median).toBeLessThan(1_500);
    },
    MINUTES * 60_000 + 120_000,
  );
}
