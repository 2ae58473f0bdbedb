/**
 * Blocking queries, Consul's way to watch: a caller names the index that it has seen, and is answered when there is a
 * later one, or after `wait`.
 *
 * Invariants: the index of an answer grows with every change of what was asked for, never goes back and is never 0. An
 * answer with index N holds every change up to N, so a caller who goes on from N misses nothing.
 */
import type { Clock, Random } from '@plumb/base';
import { badRequest, ConsulError } from './consul-error.ts';
import { durationMs, type EndpointRequest, hasFlag, type Reply, wholeNumber } from './consul-request.ts';
import { BLOCKING_QUERIES_MAX, WAIT_DEFAULT_MS, WAIT_JITTER, WAIT_MS_MAX } from './limits.ts';

export type Reading = {
  /** Of the last change of what was asked for. */
  readonly index: number;
  readonly reply: Reply;
  /** Resolves when there may be another reading, or when `signal` aborts. Called at once after the reading, or not at all. */
  readonly changed: (signal: AbortSignal) => Promise<void>;
};

export type BlockingDependencies = {
  readonly clock: Clock;
  readonly random: Random;
  /** The latest index that can have been answered. */
  readonly revision: () => number;
  readonly places: BlockingPlaces;
};

/** Consul's "no leader": clients try again. */
const CLOSING = new ConsulError(500, 'No cluster leader');

/** Given as it is: an error of its own, with its stack, costs more than the rest of an answer. */
const WAIT_IS_OVER = new Error('the wait is over');

/** The places of all that wait, of which there are a bounded number. */
export class BlockingPlaces {
  readonly #closing: AbortSignal;
  readonly #taken = new Set<BlockingPlace>();

  /** `closing` aborts when the door closes. */
  constructor(closing: AbortSignal) {
    this.#closing = closing;
    closing.addEventListener('abort', () => {
      for (const place of this.#taken) place.end();
    });
  }

  /** A place until it is disposed. Its signal aborts when `gone` does, the door closes, or `end` is called. @throws ConsulError 429. */
  take(gone: AbortSignal): BlockingPlace {
    if (this.#taken.size >= BLOCKING_QUERIES_MAX) {
      throw new ConsulError(429, `${this.#taken.size} queries wait already, the most there can be: try again later`);
    }
    const closing = this.#closing;
    const over = new AbortController();
    const end = (): void => over.abort(WAIT_IS_OVER);
    const place: BlockingPlace = {
      signal: over.signal,
      end,
      requireCaller: () => {
        if (closing.aborted) throw CLOSING;
        if (gone.aborted) throw new ConsulError(403, 'Permission denied: the token has ended');
      },
      [Symbol.dispose]: () => {
        this.#taken.delete(place);
        gone.removeEventListener('abort', end);
      },
    };
    this.#taken.add(place);
    gone.addEventListener('abort', end);
    if (gone.aborted || closing.aborted) end();
    return place;
  }
}

export type BlockingPlace = Disposable & {
  readonly signal: AbortSignal;
  readonly end: () => void;
  /** @throws ConsulError when nobody is to be answered any more. */
  readonly requireCaller: () => void;
};

export class BlockingQueries {
  readonly #dependencies: BlockingDependencies;

  constructor(dependencies: BlockingDependencies) {
    this.#dependencies = dependencies;
  }

  /** @throws ConsulError 400 for what is no index or time, 429 when too many wait. */
  async answer(request: EndpointRequest, read: () => Promise<Reading>): Promise<Reply> {
    if (hasFlag(request, 'stale') && hasFlag(request, 'consistent'))
      throw badRequest('Cannot specify ?stale with ?consistent, conflicting semantics.');
    const index = wholeNumber(request, 'index', 'Invalid index') ?? 0;
    const waitMs = durationMs(request, 'wait', 'Invalid wait time') ?? 0;
    const first = await read();
    // An index that the store has not reached is of another store, such as one from before a restore.
    if (index === 0 || first.index > index || index > Math.max(1, this.#dependencies.revision()))
      return withIndex(first);

    const { clock, random, places } = this.#dependencies;
    using place = places.take(request.signal());
    const lengthMs = Math.min(waitMs === 0 ? WAIT_DEFAULT_MS : waitMs, WAIT_MS_MAX);
    using _timer = clock.after(lengthMs * (1 + random.float() * WAIT_JITTER), place.end);
    let reading = first;
    while (reading.index <= index && !place.signal.aborted) {
      await reading.changed(place.signal);
      if (!place.signal.aborted) reading = await read();
    }
    place.requireCaller();
    return withIndex(reading);
  }
}

function withIndex({ index, reply }: Reading): Reply {
  return {
    ...reply,
    headers: {
      'x-consul-index': String(Math.max(1, index)),
      'x-consul-knownleader': 'true',
      'x-consul-lastcontact': '0',
      'x-consul-effective-consistency': 'leader',
      ...reply.headers,
    },
  };
}
