/**
 * What a running rollout gives its members over the layers of their application.
 *
 * It is kept as the item `OVERLAY` beside the values that it stands over, so that one transaction can end it and make
 * its changes those of everybody: a watcher of the values sees both or neither. The rollout's record, which says why and
 * how far, is another item of the same transaction.
 */
import type { ConfigValue } from '@plumb/config/feed';

/** The id of the item, below the application's name, in the collection of values. */
export const OVERLAY = 'rollout';

export type OverlayChange = {
  readonly layer: string;
  readonly key: string;
  /** Absent: the layer has no value. */
  readonly value?: ConfigValue | undefined;
};

export type RolloutOverlay = {
  readonly id: string;
  readonly changes: readonly OverlayChange[];
  /** Instances that read the changed layers. */
  readonly members: readonly string[];
};

/** The key of a rollout that `key` is, is in, or has in it: it may not be changed while the rollout runs. */
export function findOverlayClash({ changes }: RolloutOverlay, key: string): string | undefined {
  return changes.find((change) => isSamePath(change.key, key))?.key;
}

/** Whether readers see a rollout as its record says. */
export function showsRollout(
  overlay: RolloutOverlay | undefined,
  { id, members }: Pick<RolloutOverlay, 'id' | 'members'>,
): boolean {
  return overlay?.id === id && overlay.members.length === members.length;
}

function isSamePath(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}
