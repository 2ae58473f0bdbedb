/**
 * The blocking side of a blocking client: asks its worker and sleeps until it answers. While it sleeps no event reaches
 * this thread, so that the worker lives is told by what it counts in shared memory.
 */
import { getCompileCacheDir } from 'node:module';
import path from 'node:path';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { describeError, errorFromData, errorToData, OperatingError } from '@plumb/base';
import { fromPort, toPort } from './port-message.ts';
import { SyncFunctions } from './sync-functions.ts';
import {
  OPENING_ID,
  SLOT_BEAT,
  SLOT_ENDED,
  SLOT_POSTED,
  SYNC_SLOTS,
  type SyncReply,
  type SyncRequest,
  type SyncWorkerData,
} from './sync-protocol.ts';

/** How often it is looked whether the worker lives. */
const CHECK_PERIOD_MS = 1_000;
/** A worker that counts this long nothing is gone: ended by the system, or for want of memory. Its start is shorter, too. */
const SILENT_CHECKS_MAX = 10;
/** What the worker may add to a deadline that it keeps itself, on a machine that is busy. */
const GRACE_CHECKS = 5;
/** For the start of the worker and the first connection. */
const OPENING_TIMEOUT_MS = 30_000;
/** For the farewell to the server. */
const CLOSE_TIMEOUT_MS = 1_000;

export type SyncLinkOptions = Pick<SyncWorkerData, 'targets' | 'credentials'> & {
  /** What the worker starts with, and how long it may be silent: for tests of what it may do wrong. */
  readonly entry?: URL | undefined;
  readonly checkPeriodMs?: number | undefined;
};

export type SyncAnswer = Extract<SyncReply, { kind: 'value' | 'items' }>;

export class SyncLink {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #shared = new Int32Array(new SharedArrayBuffer(SYNC_SLOTS * Int32Array.BYTES_PER_ELEMENT));
  readonly #checkPeriodMs: number;
  readonly #functions = new SyncFunctions();
  /** Requests that are waited for: several where a function that the service calls makes a call itself. */
  readonly #waiting = new Set<number>();
  /** Answers to requests further out. */
  readonly #early = new Map<number, SyncReply>();
  #fault: OperatingError | undefined;

  /** @throws OperatingError `invalid` where this thread may not block. */
  constructor(options: SyncLinkOptions) {
    const { targets, credentials, entry = new URL('./sync-worker-entry.js', import.meta.url) } = options;
    assertMayBlock(this.#shared);
    this.#checkPeriodMs = options.checkPeriodMs ?? CHECK_PERIOD_MS;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const compileCache = getCompileCacheDir();
    const input: SyncWorkerData = {
      targets,
      credentials,
      port: port2,
      shared: this.#shared,
      // The folder of this version of Node is made below the one that is named.
      compileCache: compileCache === undefined ? undefined : path.dirname(compileCache),
      slots: { posted: SLOT_POSTED, ended: SLOT_ENDED },
    };
    this.#worker = new Worker(entry, {
      name: 'plumb-rpc-sync',
      workerData: input,
      transferList: [port2],
      env: {},
      execArgv: [],
    });
    // Told through the port; without a listener it would end this thread as well.
    this.#worker.on('error', () => undefined);
    this.#worker.unref();
  }

  /** Waits for the first connection. @throws OperatingError as `connect` says. */
  opened(): void {
    this.#wait(OPENING_ID, OPENING_TIMEOUT_MS);
  }

  /** Makes a call and waits for its answer. @throws OperatingError, `unavailable` when the worker is gone. */
  call({ input, ...rest }: Extract<SyncRequest, { kind: 'call' }>): SyncAnswer {
    const taken = this.#functions.take(rest.id, input);
    return this.#ask({ ...rest, ...taken }, rest.timeoutMs);
  }

  /** More items of the stream that answered call `id`. @throws OperatingError as `call`. */
  pull(id: number, timeoutMs: number): SyncAnswer {
    return this.#ask({ kind: 'pull', id, timeoutMs }, timeoutMs);
  }

  /** Ends call `id`, or the stream that answered it. Without effect where the worker has ended. */
  leave(id: number): void {
    this.#functions.end(id);
    if (this.#fault === undefined) this.#post({ kind: 'leave', id });
  }

  #ask(request: SyncRequest, timeoutMs: number): SyncAnswer {
    let answer: SyncAnswer | undefined;
    try {
      this.#post(request);
      answer = this.#wait(request.id, timeoutMs);
      return answer;
    } finally {
      if (answer?.kind !== 'items' || answer.isEnd) this.#functions.end(request.id);
    }
  }

  /** @throws OperatingError `invalid` for what cannot be copied. */
  #post(request: SyncRequest): void {
    if (this.#fault !== undefined) throw this.#fault;
    try {
      this.#port.postMessage(toPort(request));
    } catch (error) {
      const advice = 'a blocking client takes plain data and functions';
      throw new OperatingError('invalid', `the call cannot be sent: ${describeError(error)}: ${advice}`, {
        cause: error,
      });
    }
  }

  /** Waits for the answer to request `id`. What comes for others was given up. */
  #wait(id: number, timeoutMs: number): SyncAnswer {
    this.#waiting.add(id);
    try {
      for (;;) {
        const reply = this.#early.get(id) ?? this.#receive(timeoutMs + GRACE_CHECKS * this.#checkPeriodMs);
        if (reply.kind === 'ended') throw this.#end(`its worker ended: ${reply.reason}`);
        if (reply.kind === 'invoke') this.#invoke(reply);
        else if (reply.id !== id) this.#keepEarly(reply);
        else if (reply.kind === 'error') throw errorFromData(reply.error);
        else return reply;
      }
    } finally {
      this.#waiting.delete(id);
      this.#early.delete(id);
    }
  }

  #keepEarly(reply: SyncReply): void {
    if (this.#waiting.has(reply.id)) this.#early.set(reply.id, reply);
  }

  /** An operating error is for the service, as any answer; a bug surfaces here, where its stack is, and ends the call. */
  #invoke({ id, invocation, ref, args }: Extract<SyncReply, { kind: 'invoke' }>): void {
    try {
      this.#post({ kind: 'returned', id: invocation, value: this.#functions.run(id, ref, args) });
    } catch (error) {
      this.#post({ kind: 'threw', id: invocation, error: errorToData(error) });
      if (error instanceof OperatingError) return;
      this.leave(id);
      throw error;
    }
  }

  /** Ends the connection and the worker. Safe to repeat. */
  close(id: number): void {
    if (this.#fault !== undefined) return;
    this.#post({ kind: 'close', id });
    this.#end('it was closed by this side');
    const endMs = performance.now() + CLOSE_TIMEOUT_MS;
    while (Atomics.load(this.#shared, SLOT_ENDED) === 0 && performance.now() < endMs) {
      Atomics.wait(this.#shared, SLOT_POSTED, Atomics.load(this.#shared, SLOT_POSTED), endMs - performance.now());
    }
    this.terminate();
  }

  terminate(): void {
    void this.#worker.terminate();
  }

  #receive(timeoutMs: number): SyncReply {
    const startedMs = performance.now();
    let beat = Atomics.load(this.#shared, SLOT_BEAT);
    for (let silentCount = 0; ;) {
      // Read before the port is looked at: what is posted after that look changes it, and the wait does not begin.
      const posted = Atomics.load(this.#shared, SLOT_POSTED);
      const received = receiveMessageOnPort(this.#port) as { readonly message: unknown } | undefined;
      if (received !== undefined) return fromPort(received.message) as SyncReply;
      if (Atomics.load(this.#shared, SLOT_ENDED) === 1) throw this.#end('its worker ended');
      if (Atomics.wait(this.#shared, SLOT_POSTED, posted, this.#checkPeriodMs) !== 'timed-out') continue;
      if (performance.now() - startedMs > timeoutMs) throw this.#end('its worker does not answer');
      const next = Atomics.load(this.#shared, SLOT_BEAT);
      silentCount = next === beat ? silentCount + 1 : 0;
      beat = next;
      if (silentCount === SILENT_CHECKS_MAX) throw this.#end('its worker does not move any more');
    }
  }

  /** Every call from here on says why. */
  #end(why: string): OperatingError {
    this.#fault ??= new OperatingError('unavailable', `the blocking connection is closed: ${why}: connect again`);
    return this.#fault;
  }
}

/** The main threads of browsers and of some hosts of Node.js may not: they would freeze. */
function assertMayBlock(shared: Int32Array<SharedArrayBuffer>): void {
  try {
    Atomics.wait(shared, SLOT_POSTED, 0, 0);
  } catch (cause) {
    throw new OperatingError('invalid', 'this thread may not block: use "connect" and await it', { cause });
  }
}
