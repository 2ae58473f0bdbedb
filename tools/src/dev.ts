import path from 'node:path';
import { withProgress } from '../bootstrap/progress.mjs';
import { runChild } from '../bootstrap/run-child.mjs';
import { buildWeb } from '../bootstrap/web-build.mjs';
import type { Command } from './command.ts';

const WATCH = ['--watch', '--watch-preserve-output'];

/** Both programs stop when either ends: half a platform would only confuse. */
export const dev: Command = {
  name: 'dev',
  summary: 'the platform, restarted when its sources change, and the web app with hot reload',
  async run(words, root) {
    // The daemon does not start without a built page, though the page that is worked on comes from Vite.
    await withProgress('building the web app', () => buildWeb(root));
    const daemon = [...WATCH, 'apps/cli/src/main.ts', 'up', '--deploy', 'examples/tipjar', ...words];
    const stop = new AbortController();
    const programs = [
      runChild('node', daemon, { cwd: root, signal: stop.signal }),
      runChild('vite', [], { cwd: path.join(root, 'apps/console'), signal: stop.signal }),
    ];
    const code = await Promise.race(programs);
    stop.abort();
    await Promise.all(programs);
    // Ended by a signal is how this ends.
    return code > 128 ? 0 : code;
  },
};
