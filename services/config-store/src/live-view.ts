/**
 * What readers of one place see, kept up to date: each change costs what it changes, however many readers there are, and
 * each event is made and encoded once for all of them.
 */
import type { ConfigFeedEvent, ConfigValue } from '@plumb/config/feed';
import { SharedValue } from '@plumb/rpc';
import { isDeepStrictEqual } from 'node:util';
import type { ApplicationValues, ViewPlace } from './application-values.ts';

export type FeedItem = SharedValue<ConfigFeedEvent>;
export type Snapshot = Extract<ConfigFeedEvent, { kind: 'snapshot' }>;
type KeyedValue = Extract<ConfigFeedEvent, { kind: 'change' }>['changes'][number];

export class LiveView {
  readonly place: ViewPlace;
  readonly #state: ApplicationValues;
  readonly #values: Map<string, ConfigValue>;
  /** What the last update replaced: of each key that it made different. */
  #replaced: ReadonlyMap<string, ConfigValue | undefined> = new Map();
  #snapshot: FeedItem | undefined;

  constructor(state: ApplicationValues, place: ViewPlace) {
    this.#state = state;
    this.place = place;
    this.#values = state.viewAt(place);
  }

  /** Not copied: it changes with the state. */
  get values(): ReadonlyMap<string, ConfigValue> {
    return this.#values;
  }

  /** One object until the state changes. */
  snapshot(): FeedItem {
    if (this.#snapshot?.value.revision !== this.#state.revision) {
      const values = Object.fromEntries(this.#values);
      this.#snapshot = shared({ kind: 'snapshot', revision: this.#state.revision, values });
    }
    return this.#snapshot;
  }

  /** Takes over what a change of the state made different here; undefined where that is nothing. */
  update(touched: Iterable<string>): FeedItem | undefined {
    const replaced = new Map<string, ConfigValue | undefined>();
    const changes: KeyedValue[] = [];
    for (const key of touched) {
      const [before, after] = [this.#values.get(key), this.#state.valueAt(this.place, key)];
      if (before === after || isDeepStrictEqual(before, after)) continue;
      replaced.set(key, before);
      if (after === undefined) this.#values.delete(key);
      else this.#values.set(key, after);
      changes.push(toChange(key, after));
    }
    this.#replaced = replaced;
    return this.#toEvent(changes);
  }

  /** What is different for a reader of `before` who reads this view from the last update on. */
  eventFrom(before: LiveView): FeedItem | undefined {
    const keys = new Set([...before.values.keys(), ...before.#replaced.keys(), ...this.#values.keys()]);
    const changes = [...keys].flatMap((key) => {
      const old = before.#replaced.has(key) ? before.#replaced.get(key) : before.#values.get(key);
      const value = this.#values.get(key);
      return isDeepStrictEqual(old, value) ? [] : [toChange(key, value)];
    });
    return this.#toEvent(changes);
  }

  #toEvent(changes: readonly KeyedValue[]): FeedItem | undefined {
    if (changes.length === 0) return undefined;
    const sorted = changes.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    return shared({ kind: 'change', revision: this.#state.revision, changes: sorted });
  }
}

function toChange(key: string, value: ConfigValue | undefined): KeyedValue {
  return value === undefined ? { key } : { key, value };
}

function shared(event: ConfigFeedEvent): FeedItem {
  return new SharedValue(event, JSON.stringify(event).length);
}
