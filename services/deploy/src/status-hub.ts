import type { ApplicationStatus, DeployEvent } from './contract.ts';

type Watcher = { readonly names: Set<string>; readonly wake: () => void };

/**
 * Tells watchers which applications changed. What is told is read when it is asked for, so a slow watcher holds no more
 * than names, and changes of one turn of the event loop are told as one.
 */
export class StatusHub {
  readonly #read: (name: string) => ApplicationStatus | undefined;
  readonly #names: () => readonly string[];
  readonly #watchers = new Set<Watcher>();
  readonly #changed = new Set<string>();
  #isScheduled = false;

  constructor(names: () => readonly string[], read: (name: string) => ApplicationStatus | undefined) {
    this.#names = names;
    this.#read = read;
  }

  changed(name: string): void {
    if (this.#watchers.size === 0) return;
    this.#changed.add(name);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#tell());
  }

  async *watch(application: string | undefined, signal: AbortSignal): AsyncGenerator<DeployEvent> {
    let wake = Promise.withResolvers<void>();
    const watcher: Watcher = { names: new Set(), wake: () => wake.resolve() };
    const isWanted = (name: string): boolean => application === undefined || application === name;
    this.#watchers.add(watcher);
    signal.addEventListener('abort', watcher.wake);
    try {
      const applications = this.#names().filter(isWanted).map(this.#read);
      yield { kind: 'snapshot', applications: applications.filter((status) => status !== undefined) };
      while (!signal.aborted) {
        const [name] = watcher.names;
        if (name === undefined) {
          wake = Promise.withResolvers<void>();
          await wake.promise;
          continue;
        }
        watcher.names.delete(name);
        if (!isWanted(name)) continue;
        const status = this.#read(name);
        yield status === undefined ? { kind: 'removed', name } : { kind: 'change', application: status };
      }
    } finally {
      signal.removeEventListener('abort', watcher.wake);
      this.#watchers.delete(watcher);
    }
  }

  #tell(): void {
    this.#isScheduled = false;
    for (const watcher of this.#watchers) {
      for (const name of this.#changed) watcher.names.add(name);
      watcher.wake();
    }
    this.#changed.clear();
  }
}
