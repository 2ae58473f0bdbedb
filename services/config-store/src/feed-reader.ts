import type { Reader } from './application-values.ts';
import type { FeedItem, LiveView } from './live-view.ts';

/** Changes that wait for a slow reader; beyond it the reader gets a snapshot instead of them. Other readers share them. */
const QUEUE_MAX = 64;

/**
 * One reader of a feed. It is behind at first, and when it has not kept up: then what it gets next is a snapshot. So the
 * first snapshot and a later one are one path.
 */
export class FeedReader {
  readonly reader: Reader;
  #view: LiveView;
  #queue: FeedItem[] = [];
  #isBehind = true;
  #isEnded = false;
  #error: unknown;
  #wake = Promise.withResolvers<void>();

  constructor(reader: Reader, view: LiveView) {
    this.reader = reader;
    this.#view = view;
  }

  get view(): LiveView {
    return this.#view;
  }

  /** Gives it what is different for it, and the view that it is a reader of from then on. */
  offer(view: LiveView, item: FeedItem | undefined): void {
    this.#view = view;
    if (item === undefined || this.#isBehind) return;
    if (this.#queue.length === QUEUE_MAX) return this.fallBehind(view);
    this.#queue.push(item);
    this.#wake.resolve();
  }

  fallBehind(view: LiveView): void {
    this.#view = view;
    this.#queue = [];
    this.#isBehind = true;
    this.#wake.resolve();
  }

  /** No more comes. With an error, the feed fails with it. */
  end(error?: unknown): void {
    this.#isEnded = true;
    this.#error = error;
    this.#wake.resolve();
  }

  async *events(signal: AbortSignal): AsyncGenerator<FeedItem> {
    const stop = (): void => this.#wake.resolve();
    signal.addEventListener('abort', stop);
    try {
      while (!signal.aborted && !this.#isEnded) {
        const item = this.#take();
        if (item !== undefined) {
          yield item;
          continue;
        }
        await this.#wake.promise;
        this.#wake = Promise.withResolvers<void>();
      }
      if (this.#error !== undefined && !signal.aborted) throw this.#error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #take(): FeedItem | undefined {
    if (!this.#isBehind) return this.#queue.shift();
    this.#isBehind = false;
    return this.#view.snapshot();
  }
}
