/**
 * Delivers what the outbox holds, again and again with growing pauses until it arrives or is given up. A message is
 * taken out in the transaction that writes its result down; a crash between the delivery and that transaction repeats
 * the delivery with the same id, so mail programs and webhook receivers can tell that they have it.
 */
import { backoffDelayMs, type Clock, describeError, type Log, type Random, sleep } from '@plumb/base';
import type { Incident } from './contract.ts';
import type { OutboxItem } from './evaluation.ts';
import type { EventChanges, EventStore } from './event-store.ts';

/** From seconds, for a server that restarts, to a quarter of an hour, for one that is repaired. */
const RETRY = { delayMsMin: 5_000, delayMsMax: 900_000 };
/** Tries of one message: with the pauses above, about half a day. */
export const DELIVERY_TRIES_MAX = 60;
/** Deliveries at a time. */
const DELIVERIES_MAX = 8;

export type OutboxDependencies = {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Resolves when the message was taken. */
  readonly deliver: (item: OutboxItem, signal: AbortSignal) => Promise<void>;
};

export type Outbox = AsyncDisposable & {
  /** Looks into the store at once rather than when the next try is due. */
  readonly wake: () => void;
};

/** Starts delivering; disposing breaks off what is on its way, to be tried again. */
export function openOutbox(dependencies: OutboxDependencies): Outbox {
  const { store, clock, log } = dependencies;
  const stop = new AbortController();
  let pause = new AbortController();

  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      pause = new AbortController();
      const now = clock.now();
      const items = [...store.state.outbox.values()];
      const due = items.filter(({ dueAt }) => isDue(dueAt, now)).slice(0, DELIVERIES_MAX);
      if (due.length > 0) {
        await Promise.all(due.map((item) => attempt(dependencies, item, stop.signal)));
        continue;
      }
      const nextAt = items.length === 0 ? now + RETRY.delayMsMax : Math.min(...items.map(({ dueAt }) => dueAt));
      await sleep(clock, nextAt - now, pause.signal);
    }
  };
  const running = run().catch((error: unknown) => log.error('events.outbox', { reason: describeError(error) }));

  return {
    wake: () => pause.abort(),
    async [Symbol.asyncDispose]() {
      stop.abort();
      pause.abort();
      await running;
    },
  };
}

/** No pause is longer than the longest: a message that is due later was written before the machine's clock was set back. */
function isDue(dueAt: number, now: number): boolean {
  return dueAt <= now || dueAt > now + RETRY.delayMsMax;
}

async function attempt(
  { store, clock, random, log, deliver }: OutboxDependencies,
  item: OutboxItem,
  signal: AbortSignal,
): Promise<void> {
  const { channel, to } = item;
  let error: string | undefined;
  try {
    await deliver(item, signal);
  } catch (caught) {
    if (signal.aborted) return;
    error = describeError(caught);
  }
  const failures = item.failures + (error === undefined ? 0 : 1);
  const isOver = error === undefined || failures >= DELIVERY_TRIES_MAX;
  if (error === undefined) log.info('events.notify', { channel, to, incident: item.notification.incidentId });
  else log.warn('events.notify', { channel, to, failures, reason: error });
  try {
    await store.change(() => {
      const now = clock.now();
      const dueAt = now + backoffDelayMs(RETRY, failures - 1, random);
      const result = error === undefined ? 'sent' : isOver ? 'failed' : 'pending';
      return {
        ...(isOver ? { delivered: [item.id] } : { outbox: [{ ...item, failures, dueAt }] }),
        ...resultOf(store, item, { result, error, now }),
      };
    });
  } catch (caught) {
    // The disk refuses: what was sent is sent once more rather than forgotten, but not in a tight loop.
    log.error('events.notify', { channel, to, reason: describeError(caught) });
    await sleep(clock, RETRY.delayMsMin, signal);
  }
}

/** The incident with what became of the message, and one journal line when it is over. */
function resultOf(
  store: EventStore,
  { channel, to, notification: { incidentId, application, subject } }: OutboxItem,
  { result, error, now }: { result: 'sent' | 'failed' | 'pending'; error: string | undefined; now: number },
): EventChanges {
  const incident = store.state.incidents.get(incidentId);
  const notifications = incident?.notifications.map((one): Incident['notifications'][number] =>
    one.channel === channel && one.to === to
      ? { channel, to, state: result, at: now, ...(error === undefined ? {} : { error }) }
      : one,
  );
  const name = channel === 'email' ? 'an e-mail' : 'a message';
  const text =
    result === 'sent'
      ? `told ${to} by ${name}`
      : `could not tell ${to} by ${name}, and gave up after ${DELIVERY_TRIES_MAX} tries: ${error}`;
  return {
    incidents: incident === undefined || notifications === undefined ? [] : [{ ...incident, notifications }],
    journal: result === 'pending' ? [] : [{ kind: 'notify', application, subject, text }],
  };
}
