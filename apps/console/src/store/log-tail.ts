/** The log of one application as it is written. */
import type { DeployClient, LogLine } from '@plumb/deploy';
import { type Signal, signal } from '@preact/signals';
import { follow, type World } from './follow.ts';
import { appendLines, type TailLine } from './log-lines.ts';

export type LogTail = {
  readonly application: string;
  /** Undefined until the server has answered. */
  readonly lines: Signal<readonly TailLine[] | undefined>;
  readonly refused: Signal<string | undefined>;
};

export function createLogTail(application: string): LogTail {
  return {
    application,
    lines: signal<readonly TailLine[] | undefined>(undefined),
    refused: signal<string | undefined>(undefined),
  };
}

/** Lines of the past that are asked for. */
const TAIL_LINES = 500;
/** Lines that come together are shown together: a burst redraws the page ten times a second, not a thousand. */
const FLUSH_MS = 100;

/** Runs until `signal` aborts. After a break the tail is read again; what overlaps is replaced. */
export async function followLog(
  tail: LogTail,
  { deploy }: { readonly deploy: Pick<DeployClient, 'logs'> },
  world: World,
  signal: AbortSignal,
): Promise<void> {
  let waiting: LogLine[] = [];
  let isAgain = true;
  const flush = (): void => {
    const known = isAgain ? [] : (tail.lines.value ?? []);
    if (waiting.length > 0 || tail.lines.value === undefined) tail.lines.value = appendLines(known, waiting);
    isAgain = isAgain && waiting.length === 0;
    waiting = [];
  };
  using _timer = world.clock.every(FLUSH_MS, flush);
  await follow({
    subscribe: (stop) => {
      isAgain = true;
      waiting = [];
      return deploy.logs({ application: tail.application, tail: TAIL_LINES, follow: true }, { signal: stop });
    },
    onItem: (line) => waiting.push(line),
    onRefused: (message) => (tail.refused.value = message),
    signal,
    world,
  });
}
