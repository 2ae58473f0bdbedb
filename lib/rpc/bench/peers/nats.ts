/** Requests over a `nats-server` of its own: both sides are its clients. It has no streams of answers. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { connect, type Msg } from 'nats';
import type { BenchValue } from '../bench-contract.ts';
import type { Peer } from './peer.ts';

/** Where Debian and the common distributions put it, and what `PATH` has. */
const PROGRAM_FOLDERS = ['/usr/sbin', '/usr/bin', ...(process.env['PATH'] ?? '').split(path.delimiter)];
const CALL_TIMEOUT_MS = 10_000;

export const nats: Peer = {
  settings: 'nats-server of the distribution, JSON, answers through one shared inbox; max_payload 8 MB',
  async serve() {
    const program = PROGRAM_FOLDERS.map((folder) => path.join(folder, 'nats-server')).find((file) =>
      fs.existsSync(file),
    );
    if (program === undefined) return { absent: 'nats-server is not installed: apt-get install nats-server' };
    const child = spawn(program, ['-c', path.join(import.meta.dirname, 'nats-server.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const address = await addressOf(child);
    const connection = await connect({ servers: address });
    connection.subscribe('bench.echo', {
      callback: (_error, message) => void message.respond(JSON.stringify(message.json<BenchValue>())),
    });
    connection.subscribe('bench.bytes', { callback: (_error, message) => void message.respond(message.data) });
    await connection.flush();
    return { address, helper: child };
  },
  async open(address) {
    const connection = await connect({ servers: address });
    const request = (subject: string, body: string | Uint8Array): Promise<Msg> =>
      connection.request(subject, body, { timeout: CALL_TIMEOUT_MS });
    return {
      call: async (value) => (await request('bench.echo', JSON.stringify(value))).json<BenchValue>(),
      echoBytes: async (bytes) => (await request('bench.bytes', bytes)).data,
    };
  },
};

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
