/** `etcdserverpb.Watch`: any number of watches on one stream, each known by a number. */
import { createRepeater } from '@plumb/base';
import { mayRange } from './access.ts';
import { knownError } from './etcd-error.ts';
import type { EtcdCall, EtcdCore } from './etcd-core.ts';
import { EtcdWatch } from './etcd-watch.ts';
import { toStoreRange } from './key-codec.ts';
import { STREAM_WATCHES_MAX, WATCHES_MAX } from './limits.ts';
import type { Received } from './message-type.ts';
import { type watchCreateRequest, watchRequest, watchResponse } from './messages.ts';
import { type Methods, type Send, stream } from './method.ts';

/** Stands for no watch, and for all of them. */
const NO_WATCH = -1;
/** An empty key is the first there can be. */
const FIRST_KEY = Uint8Array.of(0);
const DUPLICATE_ID = 'mvcc: duplicate watch ID provided on the WatchStream';

export function watchMethods(core: EtcdCore): Methods {
  /** Watches of all streams. */
  const count = { open: 0 };
  return {
    '/etcdserverpb.Watch/Watch': stream(['/v3/watch'], watchRequest, watchResponse, (requests, send, call) =>
      serveWatches(new WatchStream(core, send, call, count), requests, call.signal),
    ),
  };
}

/** A caller that has no more requests still wants to be told: only when it goes away is all over. */
async function serveWatches(
  watches: WatchStream,
  requests: AsyncIterable<Received<typeof watchRequest>>,
  signal: AbortSignal,
): Promise<void> {
  const gone = Promise.withResolvers<void>();
  const leave = (): void => gone.resolve();
  signal.addEventListener('abort', leave);
  if (signal.aborted) leave();
  const taking = (async () => {
    for await (const request of requests) await watches.take(request);
  })();
  try {
    await Promise.race([gone.promise, watches.failed, taking.then(() => gone.promise)]);
  } finally {
    signal.removeEventListener('abort', leave);
    watches.close();
  }
}

class WatchStream {
  readonly #core: EtcdCore;
  readonly #send: Send<typeof watchResponse>;
  readonly #call: EtcdCall;
  readonly #count: { open: number };
  readonly #watches = new Map<number, EtcdWatch>();
  #nextId = 0;
  readonly #failed = Promise.withResolvers<never>();
  readonly #progress = createRepeater(() => this.#sendProgress().catch(this.#failed.reject));

  constructor(core: EtcdCore, send: Send<typeof watchResponse>, call: EtcdCall, count: { open: number }) {
    this.#core = core;
    this.#send = send;
    this.#call = call;
    this.#count = count;
    // Looked at by whoever serves the stream, or by nobody when that is over.
    this.#failed.promise.catch(() => undefined);
  }

  /** Rejects when a watch cannot go on. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  async take(request: Received<typeof watchRequest>): Promise<void> {
    if (request.create_request !== undefined) return this.#create(request.create_request);
    if (request.cancel_request !== undefined) return this.#cancel(request.cancel_request.watch_id);
    if (request.progress_request !== undefined) this.#progress.request();
  }

  close(): void {
    for (const watch of this.#watches.values()) void watch.stop();
  }

  async #create(request: Received<typeof watchCreateRequest>): Promise<void> {
    const { range_end, start_revision, filters } = request;
    const key = request.key.byteLength === 0 ? FIRST_KEY : request.key;
    const revision = this.#core.kv.revision();
    const header = this.#core.header(revision);
    const refusal = this.#refusal(key, range_end, request.watch_id);
    if (refusal !== undefined) {
      return this.#send({ header, watch_id: NO_WATCH, created: true, canceled: true, cancel_reason: refusal });
    }
    const id = request.watch_id === 0 ? this.#freeId() : request.watch_id;
    const options = {
      id,
      range: toStoreRange(key, range_end),
      fromRevision: start_revision > 0 ? start_revision : revision + 1,
      isPutWanted: !filters.includes('NOPUT'),
      isDeleteWanted: !filters.includes('NODELETE'),
      hasPrevious: request.prev_kv,
      hasProgress: request.progress_notify,
      isFragmented: request.fragment,
    };
    const watch = new EtcdWatch(this.#core, options, this.#send);
    this.#watches.set(id, watch);
    this.#count.open += 1;
    try {
      await this.#send({ header, watch_id: id, created: true });
    } finally {
      void this.#run(id, watch);
    }
  }

  async #run(id: number, watch: EtcdWatch): Promise<void> {
    try {
      await watch.run();
    } catch (error) {
      this.#failed.reject(error);
    } finally {
      this.#count.open -= 1;
      if (this.#watches.get(id) === watch) this.#watches.delete(id);
    }
  }

  /** Why a watch cannot be. */
  #refusal(key: Uint8Array, rangeEnd: Uint8Array, id: number): string | undefined {
    if (!mayRange(this.#call.caller, 'etcd:read', key, rangeEnd)) return knownError('permissionDenied').message;
    if (id !== 0 && this.#watches.has(id)) return DUPLICATE_ID;
    const isFull = this.#watches.size >= STREAM_WATCHES_MAX || this.#count.open >= WATCHES_MAX;
    return isFull ? knownError('tooManyRequests').message : undefined;
  }

  #freeId(): number {
    while (this.#watches.has(this.#nextId)) this.#nextId += 1;
    this.#nextId += 1;
    return this.#nextId - 1;
  }

  async #cancel(id: number): Promise<void> {
    const watch = this.#watches.get(id);
    // One that is over was told so.
    if (watch === undefined) return;
    await watch.stop();
    await this.#send({ header: this.#core.header(), watch_id: id, canceled: true });
  }

  /** Says of all watches together how far they are, when all are that far. */
  async #sendProgress(): Promise<void> {
    const revision = this.#core.kv.revision();
    await Promise.all(Array.from(this.#watches.values(), (watch) => watch.reach(revision)));
    if (!this.#call.signal.aborted) await this.#send({ header: this.#core.header(revision), watch_id: NO_WATCH });
  }
}
