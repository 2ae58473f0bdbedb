/** How far something is that takes a while: a bar on a terminal, and nothing for what is done at once. */
import type { Shell } from './shell.ts';

/** What is done within a second needs no bar. */
const CALM_MS = 1_000;

const BAR_CHARS = 24;

export type ProgressBar = { readonly step: () => void } & Disposable;

/** `what` says what is done, such as `sealing`; it is taken away when the bar is disposed. */
export function createProgressBar(
  { what, total }: { readonly what: string; readonly total: number },
  { progress, now }: Pick<Shell, 'progress' | 'now'>,
): ProgressBar {
  const startedAt = now();
  let done = 0;
  return {
    step() {
      done += 1;
      if (now() - startedAt < CALM_MS) return;
      const filled = Math.floor((BAR_CHARS * done) / Math.max(1, total));
      progress(`${what} ${'█'.repeat(filled)}${'░'.repeat(Math.max(0, BAR_CHARS - filled))} ${done} of ${total}`);
    },
    [Symbol.dispose]: () => progress(undefined),
  };
}
