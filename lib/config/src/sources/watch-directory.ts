/**
 * Tells when files may be different. The system tells of changes in a directory at once: an editor's new file that takes
 * the place of the old, the links that Kubernetes turns over for a ConfigMap, deletion and return. What it does not tell
 * (a link to elsewhere, some network file systems, a directory that comes later) is seen by looking, every `POLL_MS`.
 */
import fs from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Clock, Log } from '@plumb/base';

/** Between two looks: a few calls of `stat`, which nobody notices, and soon enough for what the system does not tell. */
export const POLL_MS = 2_000;
/** From the first sign to the reading: what is written in several steps is then mostly done. */
export const SETTLE_MS = 50;

export type WatchDirectoryOptions = {
  readonly directory: string;
  /** The files that count at present. */
  readonly files: () => readonly string[];
  /** Called for each sign of a change; there may be none behind it. */
  readonly onChange: () => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
};

/** Watches until `signal` aborts. Never throws: what cannot be watched is looked at. */
export function watchDirectory(options: WatchDirectoryOptions): void {
  const watcher = new DirectoryWatcher(options);
  options.signal.addEventListener('abort', () => watcher.close(), { once: true });
}

class DirectoryWatcher {
  readonly #options: WatchDirectoryOptions;
  readonly #poll: Disposable;
  #watch: fs.FSWatcher | undefined;
  #isSettling = false;
  #isLooking = false;
  #directory = '';
  #signs: string | undefined;

  constructor(options: WatchDirectoryOptions) {
    this.#options = options;
    this.#poll = options.clock.every(POLL_MS, () => void this.#look());
    void this.#look();
  }

  close(): void {
    this.#poll[Symbol.dispose]();
    this.#watch?.close();
    this.#watch = undefined;
  }

  #attach(): void {
    const { directory, log, signal } = this.#options;
    this.#watch?.close();
    this.#watch = undefined;
    if (signal.aborted) return;
    try {
      this.#watch = fs.watch(directory, { persistent: false }, () => this.#note());
      this.#watch.on('error', () => {
        this.#watch?.close();
        this.#watch = undefined;
      });
    } catch (error) {
      // It is not there, or the system has no watch left.
      log.debug('config.watch-failed', { directory, error: String(error) });
    }
  }

  #note(): void {
    const { clock, onChange, signal } = this.#options;
    if (this.#isSettling || signal.aborted) return;
    this.#isSettling = true;
    clock.after(SETTLE_MS, () => {
      this.#isSettling = false;
      if (!signal.aborted) onChange();
    });
  }

  async #look(): Promise<void> {
    // A file system that hangs is asked once.
    if (this.#isLooking) return;
    this.#isLooking = true;
    const { directory, files } = this.#options;
    const [seen = '', ...each] = await Promise.all([directory, ...files()].map(signOf));
    this.#isLooking = false;
    const [where = ''] = seen.split(' ');
    // Another directory of the name, or one that could not be watched.
    if (where !== this.#directory || this.#watch === undefined) this.#attach();
    const signs = [seen, ...each].join();
    if (this.#signs !== undefined && signs !== this.#signs) this.#note();
    this.#directory = where;
    this.#signs = signs;
  }
}

/** Another one where the file or directory is another, or a file's content is. */
async function signOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return `${dev}:${ino} ${size}:${mtimeNs}:${ctimeNs}`;
  } catch {
    return 'absent';
  }
}
