import { ConfigDigest } from './config-digest.ts';
import type { ConfigFeedEvent, ConfigValue } from './feed.ts';

/** What the store has sent, by its own keys, as of the last event. */
export class SentValues {
  readonly #values = new Map<string, ConfigValue>();
  #digest = new ConfigDigest();
  #revision = 0;

  get revision(): number {
    return this.#revision;
  }

  /** Changes with this object. */
  get values(): ReadonlyMap<string, ConfigValue> {
    return this.#values;
  }

  /** As `digestOf` of the values. */
  get digest(): string {
    return this.#digest.hex;
  }

  take(event: ConfigFeedEvent): void {
    this.#revision = event.revision;
    if (event.kind === 'snapshot') {
      this.#values.clear();
      this.#digest = new ConfigDigest();
    }
    const changes =
      event.kind === 'change' ? event.changes : Object.entries(event.values).map(([key, value]) => ({ key, value }));
    for (const { key, value } of changes) {
      this.#digest.set(key, value);
      if (value === undefined) this.#values.delete(key);
      else this.#values.set(key, value);
    }
  }
}
