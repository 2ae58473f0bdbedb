/**
 * Brings RocksDB's write-ahead log to the disk, which the binding offers no option for. RocksDB hands each batch to the
 * kernel before a write resolves; `fdatasync` on any descriptor of that file then makes it durable.
 *
 * A batch is in one log file, but RocksDB may begin another file before or after it. So when the current file is
 * another than the last time, every log file from the last one on is synced, and the directory, which names them.
 */
import fs from 'node:fs/promises';
import path from 'node:path';

type LogFile = { readonly number: number; readonly handle: fs.FileHandle };

export class WalSync {
  readonly #directory: string;
  #current: LogFile | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Makes every write that was handed to the kernel durable. `currentPath` is the log file as it is after them. */
  async sync(currentPath: string): Promise<void> {
    const number = logNumber(currentPath);
    if (number !== this.#current?.number) await this.#follow(number);
    else await this.#current.handle.datasync();
  }

  async close(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.handle.close();
  }

  async #follow(number: number): Promise<void> {
    const since = this.#current?.number ?? 0;
    await this.#current?.handle.datasync();
    await this.close();
    for (const name of await fs.readdir(this.#directory)) {
      const isUnsynced = name.endsWith('.log') && logNumber(name) >= since && logNumber(name) !== number;
      // A file that is gone meanwhile has its data in a table that RocksDB synced.
      if (isUnsynced) await syncFile(path.join(this.#directory, name));
    }
    const name = `${String(number).padStart(6, '0')}.log`;
    const handle = await fs.open(path.join(this.#directory, name), 'r');
    this.#current = { number, handle };
    await handle.datasync();
    await syncFile(this.#directory);
  }
}

async function syncFile(file: string): Promise<void> {
  const handle = await fs.open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  try {
    await handle?.sync();
  } finally {
    await handle?.close();
  }
}

function logNumber(file: string): number {
  return Number.parseInt(path.basename(file), 10);
}
