/** What a `Kv` over somebody else's store cannot do: named, so that a suite says what it leaves out. The text is why. */
import { isInRange, type KeyRange, type Operation, rangeOfKey, rangeOfPrefix } from '@plumb/kv';

export type KvLacks = {
  /** Leases end by the fake clock. */
  readonly fakeTime?: string;
  /** A transaction can change a key more than once. */
  readonly overlap?: string;
  /** A key can have as many bytes as in our own store. */
  readonly longKeys?: string;
  /** Requests apply in the order in which they are made, also when none waits for the one before it. */
  readonly order?: string;
  /** Ids of leases can be any text, and their time any whole milliseconds. */
  readonly freeLeases?: string;
  /** The history is ours: with our bounds, and compacted when we say so. */
  readonly compaction?: string;
  /** Changes and progress marks are there for a watch as soon as a write resolves, and wait in a queue of ours. */
  readonly promptWatch?: string;
  /** The revisions of an empty store start at 0, and grow by our transactions alone. */
  readonly ownRevisions?: string;
};

/** Leaves out operations that change what one before them changes. */
export function withoutOverlap(operations: readonly Operation[]): Operation[] {
  const changed: { readonly range: KeyRange; readonly isPut: boolean }[] = [];
  return operations.filter((operation) => {
    const range = changedRange(operation);
    if (range === undefined) return true;
    const isPut = operation.kind === 'put';
    const overlaps = changed.some((one) => (isPut || one.isPut) && meet(range, one.range));
    if (!overlaps) changed.push({ range, isPut });
    return !overlaps;
  });
}

function changedRange(operation: Operation): KeyRange | undefined {
  switch (operation.kind) {
    case 'put':
    case 'delete':
      return rangeOfKey(operation.key);
    case 'delete-prefix':
      return rangeOfPrefix(operation.prefix);
    case 'delete-range':
      return operation;
    case 'get':
    case 'range':
      return undefined;
  }
}

function meet(a: KeyRange, b: KeyRange): boolean {
  return isInRange(a.start, b) || isInRange(b.start, a);
}
