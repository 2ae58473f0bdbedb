import path from 'node:path';
import { runChild } from '../bootstrap/run-child.mjs';
import type { Command } from './command.ts';

/** Both programs stop when either ends: half a platform would only confuse. */
export const dev: Command = {
  name: 'dev',
  summary: 'the platform, restarted when its sources change, and the web app with hot reload',
  async run(words, root) {
    const daemon = ['--watch', 'apps/cli/src/main.ts', 'up', '--deploy', 'examples/tipjar', ...words];
    const stop = new AbortController();
    const programs = [
      runChild('node', daemon, { cwd: root, signal: stop.signal }),
      runChild('vite', [], { cwd: path.join(root, 'apps/console'), signal: stop.signal }),
    ];
    const code = await Promise.race(programs);
    stop.abort();
    await Promise.all(programs);
    return code;
  },
};
