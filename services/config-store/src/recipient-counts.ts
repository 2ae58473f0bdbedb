import { type ConfigValue, isSealedValue } from '@plumb/config/feed';
import type { MayOpen } from './redact.ts';

/** How many values are sealed to each recipient: readers who own the same of them can be sent the same. */
export class RecipientCounts {
  readonly #counts = new Map<string, number>();

  add(value: ConfigValue | undefined): void {
    this.#count(value, 1);
  }

  remove(value: ConfigValue | undefined): void {
    this.#count(value, -1);
  }

  /** Sorted. */
  openable(mayOpen: MayOpen): readonly string[] {
    return this.#counts.size === 0 ? [] : [...this.#counts.keys()].filter(mayOpen).sort();
  }

  #count(value: ConfigValue | undefined, by: 1 | -1): void {
    if (value === undefined || !isSealedValue(value)) return;
    for (const recipient of value.to) {
      const count = (this.#counts.get(recipient) ?? 0) + by;
      if (count === 0) this.#counts.delete(recipient);
      else this.#counts.set(recipient, count);
    }
  }
}
