import type { Readable } from 'node:stream';
import type { Clock } from '@plumb/base';
import { LineSplitter } from './line-splitter.ts';

/**
 * Lines that one stream may bring in a second. Beyond it the pipe is left full, so that the process waits in its own
 * write: nothing is lost, and a process that prints without end cannot take the time of the one that watches it.
 */
const LINES_PER_SECOND_MAX = 20_000;

export type Capture = {
  /** Reads on without a limit: what is left in the pipe of a process that has ended is little. */
  readonly drain: () => void;
  /** Hands out an unfinished last line and lets the stream go. */
  readonly close: () => void;
};

/** Hands each line of `stream` to `onLine`. */
export function captureLines(stream: Readable, clock: Clock, onLine: (line: string) => void): Capture {
  const splitter = new LineSplitter();
  let isDraining = false;
  stream.on('data', (chunk: Uint8Array) => {
    const lines = splitter.push(chunk);
    for (const line of lines) onLine(line);
    const pauseMs = (lines.length / LINES_PER_SECOND_MAX) * 1_000;
    // Ordinary output comes in chunks of a few lines, for which no timer is worth its cost.
    if (isDraining || pauseMs < 5) return;
    stream.pause();
    clock.after(pauseMs, () => stream.resume());
  });
  // A read error means that the pipe is gone, like its end.
  stream.on('error', () => undefined);
  return {
    drain: () => {
      isDraining = true;
      stream.resume();
    },
    close: () => {
      for (const line of splitter.end()) onLine(line);
      stream.removeAllListeners('data');
      stream.destroy();
    },
  };
}
