import { buildWeb } from '../bootstrap/web-build.mjs';
import type { Command } from './command.ts';

export const web: Command = {
  name: 'web',
  summary: 'build the web app, if what it is made of has changed',
  async run(_words, root) {
    await buildWeb(root);
    return 0;
  },
};
