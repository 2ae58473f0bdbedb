import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

export type TemporaryDirectory = AsyncDisposable & { readonly path: string };

/** A new empty directory that goes, with all that is in it, at the end of its scope. The path is short: sockets fit in it. */
export async function openTemporaryDirectory(): Promise<TemporaryDirectory> {
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'plumb-'));
  return {
    path: directory,
    [Symbol.asyncDispose]: () => fs.rm(directory, { recursive: true, force: true, maxRetries: 5 }),
  };
}
