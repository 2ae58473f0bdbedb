/**
 * Configuration in layers, durable on the key-value store: the core of the service, without doors.
 *
 * `commit` is the only writer of values. The values, their lines of history, the change set and the application's revision
 * are one transaction, and so is what its caller adds, such as the record of a rollout. Commits of one application are
 * made one after the other, and only over the revision that they were planned on, so that no two of them contradict each
 * other, in several processes on one store too.
 */
import { type Clock, OperatingError, Turns } from '@plumb/base';
import { type Collection, createCollection, type Kv } from '@plumb/kv';
import type { ApplicationHub } from './application-hub.ts';
import { ApplicationHubs, type HubLease } from './application-hubs.ts';
import { ApplicationValues } from './application-values.ts';
import type { ConfigFault } from './contract/guards.ts';
import { changeFaults, faultsError } from './change-faults.ts';
import { type CommitBy, CommitWriter, type Planned } from './commit-writer.ts';
import type { SchemaCheck } from './compile-schema.ts';
import { effectiveChanges, type KeyChange } from './key-change.ts';
import { environmentOf } from './layer-order.ts';
import { findOverlayClash } from './rollout-overlay.ts';
import { SchemaBook } from './schema-book.ts';
import { CHANGED, type StoredItem } from './stored-items.ts';
import { ValueHistory } from './value-history.ts';

/** Another process on the same store was faster: planned again on what it made, as often as that may plainly happen. */
const ATTEMPTS_MAX = 8;

/** What a plan comes to: a commit, or an answer instead, such as a conflict; then nothing is written. */
export type Plan<A> = ({ readonly kind: 'commit' } & Planned) | { readonly kind: 'answer'; readonly answer: A };

export type Stored = { readonly kind: 'stored'; readonly revision: number };

export class ConfigStore {
  readonly history: ValueHistory;
  readonly schemas: SchemaBook;
  readonly #kv: Kv;
  readonly #items: Collection<StoredItem>;
  readonly #writer: CommitWriter;
  readonly #hubs: ApplicationHubs;
  /** By the application's name. */
  readonly #turns = new Turns();

  constructor(kv: Kv, clock: Clock) {
    this.#kv = kv;
    this.#items = createCollection(kv, 'config/value/');
    this.#hubs = new ApplicationHubs(this.#items);
    this.history = new ValueHistory(kv);
    this.schemas = new SchemaBook(kv);
    this.#writer = new CommitWriter({ items: this.#items, history: this.history, clock });
  }

  /** The application with its state of the last commit, followed until it is disposed. */
  open(application: string): Promise<HubLease> {
    return this.#hubs.open(application);
  }

  /** Ends all feeds. */
  close(): Promise<void> {
    return this.#hubs.close();
  }

  /** The same for one question. The state must not be kept: it changes. */
  async read<T>(
    application: string,
    ask: (state: ApplicationValues, hub: ApplicationHub) => T | Promise<T>,
  ): Promise<T> {
    using lease = await this.#hubs.open(application);
    return await ask(lease.hub.state, lease.hub);
  }

  /** Every application that has anything, by name, without following them. Costs all there is. */
  async readAll(): Promise<ReadonlyMap<string, ApplicationValues>> {
    const items = await this.#items.list();
    const byName = Map.groupBy(items, ({ id }) => id.slice(0, id.indexOf('/')));
    return new Map(
      [...byName].map(([name, own]) => {
        const state = new ApplicationValues();
        state.apply({ puts: own.map((item) => ({ ...item, id: item.id.slice(name.length + 1) })), deletes: [] });
        return [name, state];
      }),
    );
  }

  /** Runs work on an application when no commit of it is under way, and holds up those that follow. */
  alone<T>(application: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.run(application, work);
  }

  /** Every fault that changes would have, of values, paths and schema; none means that they can be committed. */
  async check(application: string, changes: readonly KeyChange[]): Promise<ConfigFault[]> {
    return this.read(application, (state) => this.faultsIn(application, state, changes));
  }

  /** As `check`, within a plan. */
  async faultsIn(application: string, state: ApplicationValues, changes: readonly KeyChange[]): Promise<ConfigFault[]> {
    const { check } = await this.schemas.read(application);
    return faultsOf(state, effectiveChanges(state, changes), check, {});
  }

  /**
   * Writes what `plan` makes of the present state, all or nothing, and resolves when readers of this process see it. `plan`
   * can be asked again, and must not wait for another commit of the application. Where nothing is different, nothing is
   * written, and the revision is the application's.
   * @throws OperatingError `invalid` with every fault in `details.faults`; `conflict` for a key of a running rollout;
   * what the store throws. Nothing is changed then.
   */
  commit<A = never>(
    application: string,
    plan: (state: ApplicationValues) => Plan<A> | Promise<Plan<A>>,
    by: CommitBy,
  ): Promise<Stored | A> {
    return this.#turns.run(application, async () => {
      using lease = await this.#hubs.open(application);
      for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
        const { state } = lease.hub;
        const { revision } = state;
        const planned = await plan(state);
        if (planned.kind === 'answer') return planned.answer;
        // Another process may have been faster while it was planned: the state goes on under it.
        if (lease.hub.state !== state || state.revision !== revision) continue;
        const stored = await this.#write(application, lease.hub, planned, by);
        if (stored !== undefined) return stored;
      }
      throw new OperatingError('conflict', `${application} is changed by somebody else all the time: try again`);
    });
  }

  /** Undefined where the state was no longer that of the store; it is when this resolves. */
  async #write(application: string, hub: ApplicationHub, planned: Planned, by: CommitBy): Promise<Stored | undefined> {
    const { state } = hub;
    const { revision } = state;
    const changes = effectiveChanges(state, planned.changes);
    if (changes.length === 0 && !isMore(state, planned)) return { kind: 'stored', revision };
    requireNoRollout(application, state, planned, changes);
    const schema = await this.schemas.read(application);
    const faults = await faultsOf(state, changes, schema.check, planned);
    if (faults.length > 0) throw faultsError(application, faults);

    const operations = await this.#writer.operations(application, state, { ...planned, changes }, by);
    const unchanged = this.#items.compare(`${application}/${CHANGED}`, revision);
    const compare = [unchanged, this.schemas.compare(application, schema), ...(planned.compare ?? [])];
    const result = await this.#kv.transact(operations, { compare });
    if (result.kind === 'conflict') {
      const isBehind = result.key === this.#items.key(`${application}/${CHANGED}`);
      if (isBehind && result.current !== undefined) await hub.reach(result.current.modRevision);
      return undefined;
    }
    await hub.reach(result.revision);
    return { kind: 'stored', revision: result.revision };
  }
}

/** @throws OperatingError `conflict` for a key of a running rollout. A deploy is not held up: the rollout is in a layer above. */
function requireNoRollout(
  application: string,
  { overlay }: ApplicationValues,
  { rollout }: Planned,
  changes: readonly KeyChange[],
): void {
  if (overlay === undefined || overlay.id === rollout) return;
  for (const { layer, key } of changes) {
    const clash = layer === 'manifest' ? undefined : findOverlayClash(overlay, key);
    if (clash === undefined) continue;
    throw new OperatingError(
      'conflict',
      `${application}.${clash} is being rolled out by ${overlay.id}: wait for its end, or revert it first`,
    );
  }
}

/** What members of a rollout see must fit too: it is checked as if the rollout had ended. */
async function faultsOf(
  state: ApplicationValues,
  changes: readonly KeyChange[],
  check: SchemaCheck | undefined,
  { overlay: next, rollout, deploy }: Partial<Planned>,
): Promise<ConfigFault[]> {
  const overlay = next === undefined ? state.overlay : (next ?? undefined);
  const faults = await changeFaults(state, changes, check, deploy);
  if (faults.length > 0 || overlay === undefined || (overlay.id === rollout && changes.length > 0)) return faults;
  return changeFaults(state, effectiveChanges(state, [...overlay.changes, ...changes]), check, deploy);
}

function isMore(state: ApplicationValues, { overlay, deploy, operations = [] }: Planned): boolean {
  if (operations.length > 0 || overlay !== undefined) return true;
  return deploy !== undefined && (!state.isDeployed || environmentOf(deploy.environment) !== state.environment);
}
