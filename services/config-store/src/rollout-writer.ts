/** Writes the steps of rollouts, each in one transaction with what its members see of it. */
import { type Clock, type Log, OperatingError } from '@plumb/base';
import type { Compare } from '@plumb/kv';
import type { ApplicationValues } from './application-values.ts';
import type { Planned } from './commit-writer.ts';
import type { ConfigStore } from './config-store.ts';
import { type RolloutOverlay, showsRollout } from './rollout-overlay.ts';
import type { RolloutRecord } from './rollout-record.ts';
import type { RolloutRecords } from './rollout-records.ts';

/** The author of what Plumb does by itself. */
export const PLUMB = 'plumb';

export type Decision = {
  readonly author: string;
  readonly comment?: string | undefined;
  readonly reason: string;
};

type By = Omit<Decision, 'reason'>;
type WriterDependencies = {
  readonly store: ConfigStore;
  readonly records: RolloutRecords;
  readonly clock: Clock;
  readonly log: Log;
};

export class RolloutWriter {
  readonly #store: ConfigStore;
  readonly #records: RolloutRecords;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor({ store, records, clock, log }: WriterDependencies) {
    this.#store = store;
    this.#records = records;
    this.#clock = clock;
    this.#log = log;
  }

  /** `plan` makes the record from the present state. @throws what `commit` of the store throws. */
  async start(
    application: string,
    plan: (
      state: ApplicationValues,
    ) => Promise<{ readonly record: RolloutRecord; readonly compare: readonly Compare[] }>,
    by: By,
  ): Promise<RolloutRecord> {
    let record: RolloutRecord | undefined;
    const stored = await this.#store.commit(
      application,
      async (state) => {
        const planned = await plan(state);
        record = planned.record;
        const operations = this.#records.writing(record);
        return { kind: 'commit', changes: [], overlay: overlayOf(record), operations, compare: planned.compare };
      },
      by,
    );
    if (record === undefined) throw new OperatingError('internal', `${application} was not asked about: a bug`);
    this.#records.wrote(record, stored.revision);
    this.#note('config.rollout-started', record, by.author);
    return record;
  }

  /** To a stage, with the members that it has. */
  async widen(
    record: RolloutRecord,
    { stage, members }: Pick<RolloutRecord, 'stage' | 'members'>,
    { reason, ...by }: Decision,
  ): Promise<void> {
    const next: RolloutRecord = { ...record, stage, members, state: 'running', reason, stageSince: this.#clock.now() };
    await this.#commit(record, next, { changes: [], overlay: overlayOf(next) }, by);
    this.#note('config.rollout-widened', next, by.author);
  }

  async join(record: RolloutRecord, members: readonly string[]): Promise<void> {
    const next = { ...record, members };
    await this.#commit(record, next, { changes: [], overlay: overlayOf(next) }, { author: PLUMB });
  }

  /** What readers do not see. @throws OperatingError `conflict` where somebody was faster. */
  async tell(
    record: RolloutRecord,
    fields: Partial<Pick<RolloutRecord, 'state' | 'reason' | 'isTold'>>,
  ): Promise<void> {
    await this.#records.put({ ...record, ...fields });
  }

  /** Its members have the old values at once. */
  async revert(record: RolloutRecord, decision: Decision): Promise<void> {
    const next = this.#end(record, 'reverted', decision);
    await this.#commit(record, next, { changes: [], overlay: null }, decision);
    this.#note('config.rollout-reverted', next, decision.author);
  }

  /** Everybody has the new values, as by any other change, made by who began it. */
  async finish(record: RolloutRecord, decision: Decision): Promise<void> {
    const next = this.#end(record, 'done', decision);
    const { author, comment = `rollout ${record.id}` } = record;
    await this.#commit(record, next, { changes: overlayOf(record).changes, overlay: null }, { author, comment });
    this.#note('config.rollout-done', next, decision.author);
  }

  async #commit(before: RolloutRecord, next: RolloutRecord, planned: Planned, { author, comment }: By): Promise<void> {
    const operations = this.#records.writing(next);
    const stored = await this.#store.commit(
      next.application,
      ({ overlay }) => {
        // Another plumbd on the same store may have gone on with it.
        if (!showsRollout(overlay, before)) throw wasFaster(before);
        return { kind: 'commit', ...planned, rollout: next.id, operations };
      },
      { author, comment },
    );
    this.#records.wrote(next, stored.revision);
  }

  #end(record: RolloutRecord, state: 'done' | 'reverted', { author, comment, reason }: Decision): RolloutRecord {
    const words = author === PLUMB ? reason : `${author}: ${comment ?? reason}`;
    return { ...record, state, reason: words, endedAt: this.#clock.now(), isTold: false };
  }

  /** The values may be secrets: they are never logged. */
  #note(event: string, { application, id, stage, members, reason }: RolloutRecord, author: string): void {
    this.#log.info(event, { application, rollout: id, author, stage, members: members.length, reason });
  }
}

function overlayOf({ id, changes, members }: RolloutRecord): RolloutOverlay {
  const given = changes.map(({ layer, key, after }) => ({ layer, key, ...(after !== undefined && { value: after }) }));
  return { id, changes: given, members };
}

function wasFaster({ id, application }: RolloutRecord): OperatingError {
  return new OperatingError('conflict', `rollout ${id} of ${application} was changed at the same time: try again`);
}
