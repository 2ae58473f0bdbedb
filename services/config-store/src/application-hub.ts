/**
 * One application as the store has it, followed by one watch for all who read it, and the feeds of its readers.
 *
 * Invariants: the state is that of one revision at any time; every reader gets a snapshot, then each later change of what
 * it sees, once and in order, or a snapshot again. Readers of the same place share one view and each of its events.
 */
import { OperatingError } from '@plumb/base';
import type { Collection, CollectionEvent } from '@plumb/kv';
import { ApplicationValues, type Reader, type ViewPlace } from './application-values.ts';
import { FeedReader } from './feed-reader.ts';
import { type FeedItem, LiveView } from './live-view.ts';
import type { StoredItem } from './stored-items.ts';

type Waiter = PromiseWithResolvers<void> & { readonly revision: number };

export class ApplicationHub {
  /** Resolves when it follows the store no more. */
  readonly ended: Promise<void>;
  readonly #application: string;
  readonly #stop = new AbortController();
  readonly #readers = new Set<FeedReader>();
  readonly #waiters = new Set<Waiter>();
  /** Those that have readers, by the id of their place. */
  #views = new Map<string, LiveView>();
  #state = new ApplicationValues();
  /** Of the last event: the state is at least that of this revision. */
  #seen = -1;
  #isEnded = false;

  constructor(application: string, items: Collection<StoredItem>, onEnd: () => void) {
    this.#application = application;
    this.ended = this.#follow(items).finally(onEnd);
  }

  get state(): ApplicationValues {
    return this.#state;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Views that are kept up to date, one for each place that somebody reads at: what a change costs. */
  get viewCount(): number {
    return this.#views.size;
  }

  /** Resolves when the state is at least that of a revision of the store. @throws OperatingError `unavailable` after the end. */
  async reach(revision: number): Promise<void> {
    if (this.#seen >= revision) return;
    if (this.#isEnded) throw this.#unavailable();
    const waiter = { revision, ...Promise.withResolvers<void>() };
    this.#waiters.add(waiter);
    await waiter.promise;
  }

  async *watch(reader: Reader, signal: AbortSignal): AsyncGenerator<FeedItem> {
    if (this.#isEnded) throw this.#unavailable();
    const member = new FeedReader(reader, this.#viewOf(this.#state.placeOf(reader)));
    this.#readers.add(member);
    try {
      yield* member.events(signal);
    } finally {
      this.#readers.delete(member);
      this.#dropViews();
    }
  }

  close(): void {
    this.#stop.abort();
  }

  async #follow(items: Collection<StoredItem>): Promise<void> {
    let error: unknown;
    try {
      const idPrefix = `${this.#application}/`;
      for await (const event of items.watch({ signal: this.#stop.signal, idPrefix }))
        this.#take(event, idPrefix.length);
    } catch (caught) {
      error = caught;
    }
    this.#isEnded = true;
    for (const reader of this.#readers) reader.end(error ?? this.#unavailable());
    for (const waiter of this.#waiters) waiter.reject(error ?? this.#unavailable());
    this.#waiters.clear();
  }

  #take(event: CollectionEvent<StoredItem>, prefixLength: number): void {
    const relative = <T extends { readonly id: string }>(given: readonly T[]): T[] =>
      given.map((item) => ({ ...item, id: item.id.slice(prefixLength) }));
    if (event.kind === 'snapshot') this.#restart(relative(event.items));
    else this.#change({ puts: relative(event.puts), deletes: event.deletes.map((id) => id.slice(prefixLength)) });
    this.#seen = event.revision;
    for (const waiter of this.#waiters) {
      if (waiter.revision > this.#seen) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  #restart(puts: Parameters<ApplicationValues['apply']>[0]['puts']): void {
    this.#state = new ApplicationValues();
    this.#state.apply({ puts, deletes: [] });
    this.#views = new Map();
    for (const reader of this.#readers) reader.fallBehind(this.#viewOf(this.#state.placeOf(reader.reader)));
  }

  #change(change: Parameters<ApplicationValues['apply']>[0]): void {
    const touched = this.#state.apply(change);
    const events = new Map([...this.#views.values()].map((view) => [view, view.update(touched)]));
    /** Of readers that are at another place from now on, by both places. */
    const moves = new Map<string, FeedItem | undefined>();
    for (const reader of this.#readers) {
      const before = reader.view;
      const place = this.#state.placeOf(reader.reader);
      if (place.id === before.place.id) {
        reader.offer(before, events.get(before));
        continue;
      }
      const after = this.#viewOf(place);
      const move = `${before.place.id}\n${place.id}`;
      if (!moves.has(move)) moves.set(move, after.eventFrom(before));
      reader.offer(after, moves.get(move));
    }
    this.#dropViews();
  }

  #viewOf(place: ViewPlace): LiveView {
    const view = this.#views.get(place.id) ?? new LiveView(this.#state, place);
    this.#views.set(place.id, view);
    return view;
  }

  #dropViews(): void {
    const used = new Set([...this.#readers].map(({ view }) => view));
    for (const [id, view] of this.#views) if (!used.has(view)) this.#views.delete(id);
  }

  #unavailable(): OperatingError {
    return new OperatingError('unavailable', `the configuration of ${this.#application} is closed: try again`);
  }
}
