/**
 * Brings the effect of a group to the disk, with the piece of history that it is. A write that fails may be on disk all
 * the same after a crash, so the next one says again how everything is that it touched.
 */
import { describeError, OperatingError } from '@plumb/base';
import type { Group } from './evaluate.ts';
import type { History } from './history.ts';
import { deleteHistory, formatHistory } from './history-record.ts';
import type { EngineWrite, KvEngine } from './kv-engine.ts';
import type { KvChange, KvState } from './kv-state.ts';
import type { Key } from './kv.ts';
import type { HistoryPiece } from './load-state.ts';
import { Overlay } from './overlay.ts';
import { formatEntry, formatLease, formatRevision } from './record.ts';

export type GroupWriterOptions = {
  readonly engine: KvEngine;
  readonly state: KvState;
  readonly history: History;
  /** Of the history on disk. */
  readonly pieces: readonly HistoryPiece[];
};

export class GroupWriter {
  readonly #options: GroupWriterOptions;
  #pieces: HistoryPiece[];
  /** What a failed write touched. */
  readonly #unsureKeys = new Set<Key>();
  readonly #unsureLeases = new Set<string>();
  /** First revisions of pieces that are not, or no longer, part of the history, and may be on disk. */
  readonly #unsurePieces = new Set<number>();

  constructor(options: GroupWriterOptions) {
    this.#options = options;
    this.#pieces = [...options.pieces];
  }

  /**
   * On disk when it resolves. Raises the group's `compactRevision` to what the bounds of the history ask for, and forgets
   * at once, whatever the disk then says, the history that this gives up.
   * @throws OperatingError of the engine.
   */
  async write(group: Group, changes: readonly KvChange[]): Promise<void> {
    const { state, history } = this.#options;
    const compactedBefore = history.oldestRevision;
    group.compactRevision = Math.max(group.compactRevision, history.oldestWith(changes));
    history.compact(Math.min(group.compactRevision, state.revision + 1));
    if (changes.length === 0 && group.view.leases.size === 0 && group.compactRevision === compactedBefore) return;
    for (const key of group.view.entries.keys()) this.#unsureKeys.add(key);
    for (const leaseId of group.view.leases.keys()) this.#unsureLeases.add(leaseId);
    const kept = changes.filter(({ revision }) => revision >= group.compactRevision);
    await this.#flush(group, kept);
  }

  /** Leaves nothing of a failed write on disk, if that takes writes again. */
  async settle(): Promise<void> {
    if (this.#unsureKeys.size + this.#unsureLeases.size + this.#unsurePieces.size === 0) return;
    const { state, history } = this.#options;
    const group = { view: new Overlay(state), compactRevision: history.oldestRevision };
    // Those who asked for these writes know that they failed; a disk that is still full is no reason not to close.
    await this.#flush(group, []).catch(() => undefined);
  }

  /** `changes` is the new piece of history, when there is one. */
  async #flush({ view, compactRevision }: Group, changes: readonly KvChange[]): Promise<void> {
    const goneCount = this.#pieces.findIndex(({ last }) => last >= compactRevision);
    const gone = this.#pieces.splice(0, goneCount < 0 ? this.#pieces.length : goneCount);
    for (const { first } of gone) this.#unsurePieces.add(first);

    const [first, last] = [changes[0]?.revision, changes.at(-1)?.revision];
    const batch: EngineWrite[] = [];
    for (const key of this.#unsureKeys) batch.push(formatEntry(key, view.get(key)));
    for (const leaseId of this.#unsureLeases) batch.push(formatLease(leaseId, view.lease(leaseId)));
    for (const piece of this.#unsurePieces) if (piece !== first) batch.push(deleteHistory(piece));
    if (first !== undefined) {
      batch.push(formatHistory(changes));
      this.#unsurePieces.add(first);
    }
    batch.push(formatRevision(view.revision, compactRevision));
    try {
      await this.#options.engine.write(batch);
    } catch (error) {
      throw writeError(error);
    }
    if (first !== undefined && last !== undefined) this.#pieces.push({ first, last });
    this.#unsureKeys.clear();
    this.#unsureLeases.clear();
    this.#unsurePieces.clear();
  }
}

function writeError(error: unknown): OperatingError {
  if (error instanceof OperatingError) return error;
  return new OperatingError('unavailable', `the store could not write: ${describeError(error)}`, { cause: error });
}
