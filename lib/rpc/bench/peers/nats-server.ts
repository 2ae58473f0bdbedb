import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import type { Absent } from './peer.ts';

/** Where Debian and the common distributions put it, and what `PATH` has. */
const PROGRAM_FOLDERS = ['/usr/sbin', '/usr/bin', ...(process.env['PATH'] ?? '').split(path.delimiter)];

/** Starts one for this process alone, which has to end it. */
export async function startNatsServer(): Promise<{ readonly address: string; readonly helper: ChildProcess } | Absent> {
  const program = PROGRAM_FOLDERS.map((folder) => path.join(folder, 'nats-server')).find((file) => fs.existsSync(file));
  if (program === undefined) return { absent: 'nats-server is not installed: apt-get install nats-server' };
  const helper = spawn(program, ['-c', path.join(import.meta.dirname, 'nats-server.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return { address: await addressOf(helper), helper };
}

/** The port is any that is free, which its log tells. */
async function addressOf(child: ChildProcess): Promise<string> {
  const log: string[] = [];
  if (child.stderr !== null) {
    for await (const line of readline.createInterface({ input: child.stderr })) {
      log.push(line);
      const [, address] = /listening for client connections on (\S+)/i.exec(line) ?? [];
      if (address !== undefined) return address;
    }
  }
  throw new Error(`nats-server did not start: ${log.join('\n')}`);
}
