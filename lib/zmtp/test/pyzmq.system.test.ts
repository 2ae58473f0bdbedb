// Goal: our sockets and those of Debian's libzmq, through its Python binding, understand each other. Method: every pair of
// types with a Python process that does what it is told.
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { hasRequirement } from '@plumb/testing';
import { afterAll, beforeAll } from 'vitest';
import { interopSuite, type Theirs } from './interop-suite.ts';

/** Debian's own, which has Debian's packages. */
const PYTHON = '/usr/bin/python3';

/** Sockets of a Python process, which end with it. */
class PythonSockets {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  #callCount = 0;

  constructor() {
    this.#child = spawn(PYTHON, [`${import.meta.dirname}/pyzmq-peer.py`], { stdio: ['pipe', 'pipe', 'inherit'] });
    // What is written after it has ended is told by the calls.
    this.#child.stdin.on('error', () => undefined);
    createInterface(this.#child.stdout).on('line', (line) => {
      const [call, value] = JSON.parse(line) as [number, unknown];
      this.#calls.get(call)?.resolve(value);
      this.#calls.delete(call);
    });
    this.#child.on('exit', (code) => {
      for (const { reject } of this.#calls.values()) reject(new Error(`Python ended with ${code}`));
    });
  }

  async run(verb: string, name: string, argument?: unknown): Promise<unknown> {
    const call = (this.#callCount += 1);
    const answer = Promise.withResolvers<unknown>();
    this.#calls.set(call, answer);
    this.#child.stdin.write(`${JSON.stringify([call, verb, name, argument ?? null])}\n`);
    return answer.promise;
  }

  /** Resolves when the process has ended. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#child.exitCode !== null) return;
    this.#child.once('exit', () => resolve());
    this.#child.kill('SIGKILL');
    await promise;
  }
}

const canRun = spawnSync(PYTHON, ['-c', 'import zmq; assert zmq.has("curve")']).status === 0;
if (hasRequirement('python3-zmq', 'install it with "apt-get install python3-zmq"', canRun)) {
  let python: PythonSockets;
  let socketCount = 0;
  beforeAll(() => {
    python = new PythonSockets();
  });
  afterAll(() => python.close());

  interopSuite(async (type, options): Promise<Theirs> => {
    const name = `${(socketCount += 1)}`;
    await python.run('open', name, { type, ...options });
    const told = (done: Promise<unknown>): void => void done.catch(() => undefined);
    return {
      bind: async () => String(await python.run('bind', name)),
      connect: (address) => told(python.run('connect', name, address)),
      subscribe: (topic) => told(python.run('subscribe', name, topic)),
      unsubscribe: (topic) => told(python.run('unsubscribe', name, topic)),
      send: async (parts) => {
        const hex = parts.map((part) => Buffer.from(part).toString('hex'));
        await python.run('send', name, hex);
      },
      receive: async () => ((await python.run('receive', name)) as string[]).map((part) => Buffer.from(part, 'hex')),
      close: () => python.run('close', name),
    };
  });
}
