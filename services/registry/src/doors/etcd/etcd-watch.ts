/**
 * One watch: reads the store's history from a revision on and says what it holds, in order and once, for as long as it is
 * wanted.
 *
 * What has been sent is known by revision, so the watch of the store can be begun again at any time without a gap or a
 * repetition. That is how a client's question "how far are you?" is answered at once: with marks asked for, the store says
 * when everything up to a revision has been told.
 */
import type { ChangeEvent, Entry, HistoryEvent, KeyRange } from '@plumb/kv';
import { type EtcdCore, toKeyValue } from './etcd-core.ts';
import { knownError } from './etcd-error.ts';
import { splitEvents } from './fragments.ts';
import { fromStoreKey } from './key-codec.ts';
import type { Sent } from './message-type.ts';
import type { event, watchResponse } from './messages.ts';
import type { Send } from './method.ts';

export type EtcdWatchOptions = {
  readonly id: number;
  readonly range: KeyRange;
  /** Of the first change that is wanted. */
  readonly fromRevision: number;
  readonly isPutWanted: boolean;
  readonly isDeleteWanted: boolean;
  readonly hasPrevious: boolean;
  /** The client wants to hear that nothing happened. */
  readonly hasProgress: boolean;
  /** Long answers are sent in pieces. */
  readonly isFragmented: boolean;
};

type Waiting = { readonly revision: number; readonly resolve: () => void };

export class EtcdWatch {
  readonly #core: EtcdCore;
  readonly #options: EtcdWatchOptions;
  readonly #send: Send<typeof watchResponse>;
  /** All changes below it have been sent, or are not wanted. */
  #position: number;
  #hasMarks: boolean;
  #isStopped = false;
  #reading = new AbortController();
  #waiting: Waiting[] = [];
  readonly #done = Promise.withResolvers<void>();

  constructor(core: EtcdCore, options: EtcdWatchOptions, send: Send<typeof watchResponse>) {
    this.#core = core;
    this.#options = options;
    this.#send = send;
    this.#position = options.fromRevision;
    this.#hasMarks = options.hasProgress;
  }

  /** Resolves when it is stopped, and when what it was to read is compacted. @throws EtcdError when the store is closed. */
  async run(): Promise<void> {
    try {
      while (!this.#isStopped) if ((await this.#read()) === 'ended') return;
    } finally {
      this.#isStopped = true;
      this.#tell(Number.POSITIVE_INFINITY);
      this.#done.resolve();
    }
  }

  /** Nothing is sent after it has resolved. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#reading.abort();
    await this.#done.promise;
  }

  /** Resolves when every change up to `revision` has been sent, or the watch has ended. */
  async reach(revision: number): Promise<void> {
    if (this.#position > revision || this.#isStopped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ revision, resolve });
    this.#hasMarks = true;
    this.#reading.abort();
    await promise;
  }

  async #read(): Promise<'again' | 'ended'> {
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    const { range, hasPrevious } = this.#options;
    const watching = this.#core.kv.watchFrom(range, {
      signal,
      fromRevision: this.#position,
      previous: hasPrevious,
      progress: this.#hasMarks,
    });
    for await (const event of watching) if ((await this.#take(event)) === 'ended') return 'ended';
    if (!signal.aborted) throw knownError('stopped');
    return 'again';
  }

  async #take(event: HistoryEvent): Promise<'again' | 'ended'> {
    const { id, hasProgress } = this.#options;
    switch (event.kind) {
      case 'compacted':
        await this.#send({
          header: this.#core.header(),
          watch_id: id,
          canceled: true,
          compact_revision: event.oldestRevision,
          cancel_reason: knownError('compacted').message,
        });
        return 'ended';
      case 'progress':
        if (hasProgress) await this.#send({ header: this.#core.header(event.revision), watch_id: id });
        break;
      case 'change':
        await this.#sendChange(event);
        break;
    }
    this.#position = Math.max(this.#position, event.revision + 1);
    this.#tell(event.revision);
    return 'again';
  }

  /** The header has the change's revision: a client goes on from the one after it. */
  async #sendChange(change: ChangeEvent): Promise<void> {
    const { id, isFragmented } = this.#options;
    const events = this.#eventsOf(change);
    if (events.length === 0) return;
    const pieces = isFragmented ? splitEvents(events) : [events];
    for (const [index, piece] of pieces.entries()) {
      await this.#send({
        header: this.#core.header(change.revision),
        watch_id: id,
        fragment: index < pieces.length - 1,
        events: piece,
      });
    }
  }

  #eventsOf({ revision, puts, deletes, previous = [] }: ChangeEvent): Sent<typeof event>[] {
    const { isPutWanted, isDeleteWanted } = this.#options;
    const before = new Map<string, Entry>();
    for (const entry of previous) before.set(entry.key, entry);
    const previousOf = (key: string): Pick<Sent<typeof event>, 'prev_kv'> => {
      const entry = before.get(key);
      return entry === undefined ? {} : { prev_kv: toKeyValue(entry) };
    };
    const events: Sent<typeof event>[] = [];
    if (isPutWanted) {
      for (const entry of puts) events.push({ type: 'PUT', kv: toKeyValue(entry), ...previousOf(entry.key) });
    }
    if (isDeleteWanted) {
      for (const key of deletes) {
        events.push({ type: 'DELETE', kv: { key: fromStoreKey(key), mod_revision: revision }, ...previousOf(key) });
      }
    }
    return events;
  }

  #tell(reached: number): void {
    if (this.#waiting.length === 0) return;
    const rest: Waiting[] = [];
    for (const waiting of this.#waiting) {
      if (waiting.revision <= reached) waiting.resolve();
      else rest.push(waiting);
    }
    this.#waiting = rest;
  }
}
