/** For tests: the real configuration service in this process, and `plumb config` as several people use it. */
import { seededRandom, silentLog } from '@plumb/base';
import { type ConfigClient, configContract } from '@plumb/config-store';
import { openConfigStore } from '@plumb/config-store/server';
import { openMemoryKv } from '@plumb/kv';
import type { Clients } from '@plumb/plumbd/clients';
import { connectInProcess } from '@plumb/rpc';
import { createFakeClock, type FakeClock, openTemporaryDirectory } from '@plumb/testing';
import fs from 'node:fs/promises';
import path from 'node:path';
import { configCommands } from './commands/config.ts';
import { type FakeShellOptions, runInFakeShell } from './fake-shell.ts';

export type ConfigWorld = AsyncDisposable & {
  readonly clock: FakeClock;
  readonly config: ConfigClient;
  /** A folder of its own, where relative paths start; `HOME` of each person is below it. */
  readonly directory: string;
  readonly write: (name: string, text: string) => Promise<void>;
  readonly read: (name: string) => Promise<string>;
  /** `plumb config WORDS` as ada does it. */
  readonly run: (words: string, options?: RunOptions) => Promise<string>;
};

export type RunOptions = Partial<FakeShellOptions> & {
  readonly by?: 'ada' | 'bob' | undefined;
  /** Words that hold spaces, behind those that are split. */
  readonly more?: readonly string[];
};

export async function openConfigWorld(): Promise<ConfigWorld> {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await openTemporaryDirectory());
  const clock = createFakeClock();
  const kv = opening.use(await openMemoryKv({ clock }));
  const service = opening.use(await openConfigStore({ kv, clock, random: seededRandom(1), log: silentLog }));
  const clientOf = (id: string): ConfigClient =>
    opening.use(connectInProcess(configContract, service.handlers, { id, scopes: ['*'] }, { clock }));
  const clients = { ada: clientOf('ada'), bob: clientOf('bob') };
  const open = opening.move();
  return {
    clock,
    config: clients.ada,
    directory: folder.path,
    write: (name, text) => fs.writeFile(path.join(folder.path, name), text),
    read: (name) => fs.readFile(path.join(folder.path, name), 'utf8'),
    run(words, { by = 'ada', more = [], ...options } = {}) {
      const others = {
        deploy: { status: async () => [] },
        identity: { whoami: async () => ({ id: by, scopes: ['*'] }) },
      };
      const argv = ['config', ...words.split(' ').filter((word) => word !== ''), ...more];
      return runInFakeShell(argv, configCommands, {
        clients: { config: clients[by], ...others } as unknown as Partial<Clients>,
        now: clock.now,
        directory: folder.path,
        env: { HOME: path.join(folder.path, by) },
        ...options,
      });
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
