/**
 * Evaluates the rules each time that the deployment's state changes, and when an alert's time comes. Level-triggered:
 * every evaluation reads the whole present state, so a missed message or a restart costs nothing.
 */
import { type Clock, createRepeater, describeError, type Log, newId, type Random, type Timer } from '@plumb/base';
import type { ApplicationStatus, DeployClient } from '@plumb/deploy';
import { follow } from '@plumb/rpc';
import { afterClockJump, type AlertMemory } from './alert-machine.ts';
import { evaluate, type Evaluation, type Recipient } from './evaluation.ts';
import { ALERT_KEPT_MS, type EventStore } from './event-store.ts';
import { findTrouble } from './rules.ts';

/** Before an evaluation whose result could not be stored is tried again. */
const RETRY_MS = 1_000;
/** A machine's clock that differs by less from the time that passed was not set, but corrected in passing. */
const CLOCK_JUMP_MS_MIN = 1_000;

export type WatchDependencies = {
  readonly deploy: DeployClient;
  readonly store: EventStore;
  readonly recipients: () => readonly Recipient[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** After an evaluation put messages into the outbox. */
  readonly onMessages: () => void;
};

/** Runs until `signal` aborts. Resolves when the last evaluation is stored. */
export async function watchTrouble(dependencies: WatchDependencies): Promise<void> {
  const { deploy, clock, random, log, signal } = dependencies;
  const applications = new Map<string, ApplicationStatus>();
  const evaluator = createEvaluator(dependencies, applications);
  await follow(
    (until) => deploy.watch({}, { signal: until }),
    (event) => {
      if (event.kind === 'snapshot') {
        applications.clear();
        for (const application of event.applications) applications.set(application.name, application);
      } else if (event.kind === 'change') applications.set(event.application.name, event.application);
      else applications.delete(event.name);
      evaluator.request();
    },
    { clock, random, log: log.with({ feed: 'deploy.watch' }), signal },
  );
  await evaluator.close();
}

function createEvaluator(
  { store, recipients, clock, log, signal, onMessages }: WatchDependencies,
  applications: ReadonlyMap<string, ApplicationStatus>,
): { readonly request: () => void; readonly close: () => Promise<void> } {
  let memories: ReadonlyMap<string, AlertMemory> = new Map(
    [...store.state.alerts.values()].map((alert) => [alert.id, { alert }]),
  );
  let clockOffsetMs = clock.now() - clock.monotonicMs();
  let timer: Timer | undefined;

  /** A clock that is set, or a machine that slept, must neither delay an alert by hours nor fire one at once. */
  const followClock = (): void => {
    const offsetMs = clock.now() - clock.monotonicMs();
    const jumpMs = offsetMs - clockOffsetMs;
    if (Math.abs(jumpMs) < CLOCK_JUMP_MS_MIN) return;
    clockOffsetMs = offsetMs;
    memories = new Map([...memories].map(([id, memory]) => [id, afterClockJump(memory, jumpMs)]));
    log.info('events.clock-jump', { jumpMs: Math.round(jumpMs) });
  };
  const evaluator = createRepeater(async () => {
    if (signal.aborted) return;
    let result: Evaluation | undefined;
    let delayMs: number | undefined;
    timer?.cancel();
    try {
      await store.change(() => {
        followClock();
        const now = clock.now();
        result = evaluate({
          now,
          findings: findTrouble(applications.values()),
          memories: withoutExpired(memories, now),
          incidents: [...store.state.incidents.values()].filter(({ state }) => state !== 'resolved'),
          recipients: recipients(),
          outboxSize: store.state.outbox.size,
          createId: () => newId(now),
        });
        const alerts = result.changed.map(({ alert }) => alert);
        return { alerts, incidents: result.incidents, outbox: result.outbox, journal: result.journal };
      });
      if (result === undefined) return;
      memories = result.memories;
      for (const { alert } of result.changed) {
        log.info('events.alert', { alert: alert.id, state: alert.state, incident: alert.incidentId });
      }
      if (result.outbox.length > 0) onMessages();
      if (result.nextAt !== undefined) delayMs = Math.max(0, result.nextAt - clock.now());
    } catch (error) {
      log.error('events.evaluate', { reason: describeError(error) });
      delayMs = RETRY_MS;
    }
    if (delayMs !== undefined && !signal.aborted) timer = clock.after(delayMs, evaluator.request);
  });
  return {
    request: evaluator.request,
    close: async () => {
      timer?.cancel();
      await evaluator.whenIdle();
    },
  };
}

function withoutExpired(memories: ReadonlyMap<string, AlertMemory>, now: number): ReadonlyMap<string, AlertMemory> {
  const kept = [...memories].filter(([, { alert }]) => {
    return alert.state !== 'resolved' || now - (alert.resolvedAt ?? 0) <= ALERT_KEPT_MS;
  });
  return kept.length === memories.size ? memories : new Map(kept);
}
