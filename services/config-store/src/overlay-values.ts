import type { OverlayChange, RolloutOverlay } from './rollout-overlay.ts';
import { valueId } from './stored-items.ts';

/** What a running rollout gives, ready to be asked: for each value, and of each instance. */
export class OverlayValues {
  readonly overlay: RolloutOverlay | undefined;
  readonly #members: ReadonlySet<string>;
  readonly #changes: ReadonlyMap<string, OverlayChange>;

  constructor(overlay?: RolloutOverlay) {
    this.overlay = overlay;
    this.#members = new Set(overlay?.members);
    this.#changes = new Map(overlay?.changes.map((change) => [valueId(change.layer, change.key), change] as const));
  }

  hasMember(instance: string | undefined): boolean {
    return instance !== undefined && this.#members.has(instance);
  }

  /** Undefined where it leaves the layer's value alone; without a `value`, it takes it away. */
  get(layer: string, key: string): OverlayChange | undefined {
    return this.#changes.size === 0 ? undefined : this.#changes.get(valueId(layer, key));
  }

  changes(): Iterable<OverlayChange> {
    return this.#changes.values();
  }
}
