/** What a commit writes, as the operations of one transaction. */
import type { Clock } from '@plumb/base';
import type { Collection, Compare, Operation } from '@plumb/kv';
import type { ApplicationValues } from './application-values.ts';
import type { KeyChange } from './key-change.ts';
import { OVERLAY, type RolloutOverlay } from './rollout-overlay.ts';
import { CHANGED, DEPLOYED, oldValueId, type StoredItem, valueId } from './stored-items.ts';
import type { ValueHistory } from './value-history.ts';

export type CommitBy = {
  readonly author: string;
  readonly approvedBy?: string | undefined;
  readonly comment?: string | undefined;
};

/** What a commit writes. */
export type Planned = {
  readonly changes: readonly KeyChange[];
  /** What a rollout gives its members from then on; null ends it. */
  readonly overlay?: RolloutOverlay | null | undefined;
  /** The deploy that brings the changes; an environment without a name is none. */
  readonly deploy?: { readonly environment?: string | undefined } | undefined;
  /** The rollout that makes the changes: others may not touch its keys. */
  readonly rollout?: string | undefined;
  /** Go into the same transaction. At most 16. */
  readonly operations?: readonly Operation[] | undefined;
  /** Must hold too; where they do not, the plan is asked again. */
  readonly compare?: readonly Compare[] | undefined;
};

export class CommitWriter {
  readonly #items: Collection<StoredItem>;
  readonly #history: ValueHistory;
  readonly #clock: Clock;

  constructor({
    items,
    history,
    clock,
  }: {
    readonly items: Collection<StoredItem>;
    readonly history: ValueHistory;
    readonly clock: Clock;
  }) {
    this.#items = items;
    this.#history = history;
    this.#clock = clock;
  }

  /** The last of them gives the application its revision. `changes` are those that make a difference. */
  async operations(
    application: string,
    state: ApplicationValues,
    { changes, overlay, deploy, operations: more = [] }: Planned,
    by: CommitBy,
  ): Promise<Operation[]> {
    const at = this.#clock.now();
    const operations: Operation[] = [...more];
    let setCount = state.setCount;
    if (changes.length > 0) {
      const recorded = await this.#history.record(application, state, changes, { ...by, at });
      operations.push(...recorded.operations);
      for (const [i, change] of changes.entries()) {
        operations.push(...this.#valueOperations(application, state, change, { ...by, at, line: recorded.lines[i] }));
      }
      setCount += 1;
    }
    if (overlay !== undefined) operations.push(this.#item(application, OVERLAY, overlay ?? undefined));
    if (deploy !== undefined) operations.push(this.#item(application, DEPLOYED, { ...deploy, at }));
    operations.push(this.#item(application, CHANGED, { author: by.author, at, setCount }));
    return operations;
  }

  #valueOperations(
    application: string,
    state: ApplicationValues,
    { layer, key, value }: KeyChange,
    by: CommitBy & { readonly at: number; readonly line: string | undefined },
  ): Operation[] {
    const written = this.#item(application, valueId(layer, key), value === undefined ? undefined : { ...by, value });
    // A value that an older store wrote has another id.
    const isOld = layer === 'common' && state.isOld(key);
    return isOld ? [this.#item(application, oldValueId(key), undefined), written] : [written];
  }

  /** Undefined deletes it. */
  #item(application: string, id: string, value: StoredItem | undefined): Operation {
    const full = `${application}/${id}`;
    return value === undefined ? this.#items.deleteOperation(full) : this.#items.putOperation(full, value);
  }
}
