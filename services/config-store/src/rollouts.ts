/**
 * Rollouts of configuration: a change that a few instances get first, then more, then all, or nobody.
 *
 * A rollout is a record in the store and the overlay that its members see, changed together in one transaction: wherever a
 * plumbd is killed, each reader has the old values or the new ones, and the next plumbd goes on from there. Each second the
 * running ones are looked at as they are, so nothing depends on having seen an event.
 */
import { type Clock, createRepeater, describeError, type Log, newId, OperatingError, Turns } from '@plumb/base';
import type { Compare } from '@plumb/kv';
import type { ApplicationValues } from './application-values.ts';
import type { ConfigStore } from './config-store.ts';
import type { Convergence } from './convergence.ts';
import type { Protection } from './protection.ts';
import { badFromTheStart, draftRollout, requireUnprotected, type RolloutRequest } from './rollout-draft.ts';
import { factsOf } from './rollout-facts.ts';
import { type QueryNumber, readGate } from './rollout-gate.ts';
import { describeEnd, judgeRollout, planStep, type RolloutFacts, type RolloutStep } from './rollout-machine.ts';
import { membersOf } from './rollout-members.ts';
import { type GateReading, isRunning, type RolloutRecord } from './rollout-record.ts';
import type { KnownRollout, RolloutRecords } from './rollout-records.ts';
import { type Decision, PLUMB, RolloutWriter } from './rollout-writer.ts';

/** A bad value is taken back within this and the time of the query. */
const PERIOD_MS = 1_000;

export type RolloutDependencies = {
  readonly store: ConfigStore;
  readonly records: RolloutRecords;
  readonly protection: Protection;
  readonly convergence: Convergence;
  readonly queryNumber: QueryNumber;
  /** Puts a line into the journal: what happened, and what was done. Each end is told, after a crash perhaps twice. */
  readonly journal: (application: string, text: string) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
};

/** What is known of a rollout's present stage in this process only: nothing, after a restart. */
type Course = { readonly stage: number; goodSinceMs?: number | undefined; gate?: GateReading | undefined };

export class Rollouts {
  readonly #dependencies: RolloutDependencies;
  readonly #writer: RolloutWriter;
  /** By the application's name: a step and a person's decision do not overlap. */
  readonly #turns = new Turns();
  readonly #courses = new Map<string, Course>();
  readonly #repeater = createRepeater(() => this.#reconcileAll());
  readonly #timer: Disposable;
  readonly #stop = new AbortController();

  constructor(dependencies: RolloutDependencies) {
    this.#dependencies = dependencies;
    this.#writer = new RolloutWriter(dependencies);
    this.#timer = dependencies.clock.every(PERIOD_MS, () => this.#repeater.request());
    this.#repeater.request();
  }

  /** Those that run first, then those that ended, each latest first. */
  list(application?: string): readonly KnownRollout[] {
    return this.#dependencies.records.list(application).map((known) => this.#withGate(known));
  }

  /** @throws OperatingError `not-found`. */
  applicationOf(id: string): string {
    return this.#require(id).record.application;
  }

  /** @throws OperatingError as `startRollout` of the contract. */
  async start(request: RolloutRequest, author: string): Promise<KnownRollout> {
    const { application, gate, comment } = request;
    const { clock, convergence, protection } = this.#dependencies;
    const reading = gate === undefined ? undefined : await readGate(gate, this.#dependencies, this.#stop.signal);
    if (reading?.verdict === 'bad') throw badFromTheStart(request, reading);
    return this.#turns.run(application, async () => {
      const id = newId(this.#dependencies.clock.now());
      const plan = async (state: ApplicationValues): Promise<{ record: RolloutRecord; compare: Compare[] }> => {
        const draft = draftRollout(request, state, { id, author, at: clock.now() });
        const guard = await protection.read(application);
        requireUnprotected(draft, guard.environments);
        const { followers } = factsOf(draft, state, convergence);
        return { record: { ...draft, members: membersOf(draft, followers) }, compare: [guard.compare] };
      };
      await this.#writer.start(application, plan, { author, comment });
      this.#repeater.request();
      return this.#require(id);
    });
  }

  /** To `stage`, or to the next one; past the last one it is done. @throws OperatingError `invalid`, `conflict` when it has ended. */
  async widen(id: string, stage: number | undefined, decision: Decision): Promise<KnownRollout> {
    return this.#decide(id, async (record) => {
      const wanted = stage ?? record.stage + 1;
      if (wanted <= record.stage) {
        throw new OperatingError(
          'invalid',
          `rollout ${id} is at stage ${record.stage} and cannot go to ${wanted}: revert it`,
        );
      }
      await this.#widenTo(record, wanted, decision);
    });
  }

  /** @throws OperatingError `conflict` when it has ended. */
  async revert(id: string, decision: Decision): Promise<KnownRollout> {
    return this.#decide(id, (record) => this.#writer.revert(record, decision));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer[Symbol.dispose]();
    this.#stop.abort();
    await this.#repeater.whenIdle();
    await this.#turns.settle();
  }

  async #decide(id: string, act: (record: RolloutRecord) => Promise<void>): Promise<KnownRollout> {
    const { application } = this.#require(id).record;
    await this.#turns.run(application, async () => {
      const { record } = this.#require(id);
      if (!isRunning(record)) {
        throw new OperatingError('conflict', `rollout ${id} has ended, it is ${record.state}: start another one`);
      }
      await act(record);
    });
    this.#repeater.request();
    return this.#require(id);
  }

  async #reconcileAll(): Promise<void> {
    const known = this.#dependencies.records.list();
    const running = new Set(known.flatMap(({ record }) => (isRunning(record) ? [record.id] : [])));
    for (const id of this.#courses.keys()) if (!running.has(id)) this.#courses.delete(id);
    await Promise.all(known.map(({ record }) => this.#reconcile(record)));
  }

  /** What fails is tried again in the next round. */
  async #reconcile(record: RolloutRecord): Promise<void> {
    const { application, id } = record;
    try {
      if (isRunning(record)) await this.#move(record);
      else if (record.isTold === false) await this.#tellEnd(record);
    } catch (error) {
      this.#dependencies.log.warn('config.rollout-failed', { application, rollout: id, error: describeError(error) });
    }
  }

  async #move({ id, application, gate }: RolloutRecord): Promise<void> {
    // Not in turn with others: a query may take its time, and a person must not wait for it.
    const reading = gate === undefined ? undefined : await readGate(gate, this.#dependencies, this.#stop.signal);
    if (this.#stop.signal.aborted) return;
    await this.#turns.run(application, async () => {
      const { record } = this.#require(id);
      if (!isRunning(record)) return;
      const facts = { ...(await this.#readFacts(record)), gate: reading };
      const judgement = judgeRollout(record, facts);
      const course = this.#courseOf(record);
      const nowMs = this.#dependencies.clock.monotonicMs();
      course.gate = reading;
      course.goodSinceMs = judgement.kind === 'good' ? (course.goodSinceMs ?? nowMs) : undefined;
      const goodForMs = nowMs - (course.goodSinceMs ?? nowMs);
      const step = planStep(record, facts, { judgement, goodForMs });
      await this.#takeOrTell(step, { ...record, ...(reading === undefined ? {} : { lastGate: reading }) });
    });
  }

  /** What does not fit any more, such as a value that a later schema refuses, is told, and left as it is for a person. */
  async #takeOrTell(step: RolloutStep, record: RolloutRecord): Promise<void> {
    try {
      await this.#take(step, record);
    } catch (error) {
      if (!(error instanceof OperatingError) || error.code !== 'invalid') throw error;
      const reason = `it cannot go on: ${error.message}`;
      if (record.reason !== reason) await this.#writer.tell(record, { state: 'held', reason });
    }
  }

  async #take(step: RolloutStep, record: RolloutRecord): Promise<void> {
    switch (step.kind) {
      case 'none':
        return;
      case 'tell':
        return this.#writer.tell(record, step);
      case 'join':
        return this.#writer.join(record, step.members);
      case 'revert':
        return this.#writer.revert(record, { author: PLUMB, reason: step.reason });
      case 'widen':
        return this.#widenTo(record, step.stage, { author: PLUMB, reason: step.reason });
      case 'finish':
        return this.#writer.finish(record, { author: PLUMB, reason: step.reason });
    }
  }

  async #widenTo(record: RolloutRecord, stage: number, decision: Decision): Promise<void> {
    if (stage >= record.stages.length) return this.#writer.finish(record, decision);
    const { followers } = await this.#readFacts(record);
    await this.#writer.widen(record, { stage, members: membersOf({ ...record, stage }, followers) }, decision);
  }

  async #tellEnd(record: RolloutRecord): Promise<void> {
    await this.#dependencies.journal(record.application, describeEnd(record));
    await this.#writer.tell(record, { isTold: true });
  }

  #readFacts(record: RolloutRecord): Promise<RolloutFacts> {
    return this.#dependencies.store.read(record.application, (state) =>
      factsOf(record, state, this.#dependencies.convergence),
    );
  }

  #courseOf({ id, stage }: RolloutRecord): Course {
    const known = this.#courses.get(id);
    const course = known?.stage === stage ? known : { stage };
    this.#courses.set(id, course);
    return course;
  }

  #require(id: string): KnownRollout {
    return this.#withGate(this.#dependencies.records.require(id));
  }

  /** The last reading is not written down each second. */
  #withGate({ record, revision }: KnownRollout): KnownRollout {
    const gate = this.#courses.get(record.id)?.gate;
    return { record: gate === undefined || !isRunning(record) ? record : { ...record, lastGate: gate }, revision };
  }
}
