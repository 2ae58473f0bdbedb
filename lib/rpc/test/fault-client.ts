/** A program that calls in a world with faults, and what is true of each of its calls however it ends. */
import { OperatingError, type Random, randomInteger } from '@plumb/base';
import type { FakeProcess } from '@plumb/testing';
import type { Client, Connection, Subscription } from '../src/index.ts';
import type { FaultLedger } from './fault-ledger.ts';
import type { faultContract, Published } from './fault-service.ts';

/** A program that calls. */
export type FaultClient = {
  readonly name: string;
  readonly process: FakeProcess;
  readonly connection: Connection;
  readonly tasks: Client<typeof faultContract>;
  readonly random: Random;
  readonly ledger: FaultLedger;
  /** What has not ended. */
  readonly pending: Set<string>;
  readonly subscriptions: Subscription<Published>[];
};

/** What a call that was given up by its own signal is rejected with. */
const CANCELLED = 'the caller has changed its mind';
/** A deadline is a timer, which runs at its time or, where the process was stopped, at once afterwards. */
const SLACK_MS = 1;
const PATIENT_MS = 600_000;
const WORLD_ERRORS: readonly string[] = ['unavailable', 'deadline'];

/** How long it may take, and whether it was given up. */
type Bounds = { readonly timeoutMs: number; readonly signal: AbortSignal };

/** Keeps `what` among those that have not ended. It must end in the time that its process has, and at once when given up. */
export async function track<T>(
  { process, ledger, pending }: FaultClient,
  what: string,
  { timeoutMs, signal }: Bounds,
  work: Promise<T>,
): Promise<T> {
  const { clock } = process;
  const [startedAtMs, stoppedMs] = [clock.monotonicMs(), clock.stoppedMs()];
  let givenUpAtMs = Infinity;
  const onAbort = (): void => void (givenUpAtMs = clock.monotonicMs());
  signal.addEventListener('abort', onAbort);
  pending.add(what);
  try {
    return await work;
  } finally {
    // Nobody is there any more to see how it ended.
    if (process.state() === 'killed') await new Promise(() => undefined);
    signal.removeEventListener('abort', onAbort);
    pending.delete(what);
    const endedAtMs = clock.monotonicMs();
    const tookMs = endedAtMs - startedAtMs - (clock.stoppedMs() - stoppedMs);
    ledger.check(tookMs <= timeoutMs + SLACK_MS, () => `${what} had ${timeoutMs} ms and took ${tookMs} ms`);
    ledger.check(endedAtMs <= givenUpAtMs + SLACK_MS, () => `${what} went on when it was given up`);
  }
}

type Plan = Bounds & { readonly options: Bounds };

/** A deadline, and for some calls a moment at which the caller gives them up. */
export function plan({ random, process, ledger }: FaultClient, what: string, { isPatient = true } = {}): Plan {
  const timeoutMs = drawTimeoutMs(random, isPatient);
  const controller = new AbortController();
  const { signal } = controller;
  if (random.float() < 0.2) {
    process.clock.after(randomInteger(random, 0, 1_500), () => {
      ledger.count('cancelled');
      controller.abort(new OperatingError('conflict', `${CANCELLED}: ${what}`));
    });
  }
  return { signal, timeoutMs, options: { signal, timeoutMs } };
}

/** Some with no chance, most with a good one, some that would wait for longer than anything here takes. */
function drawTimeoutMs(random: Random, isPatient: boolean): number {
  const draw = random.float();
  if (draw < 0.2) return randomInteger(random, 1, 60);
  return draw < 0.35 && isPatient ? PATIENT_MS : randomInteger(random, 100, 6_000);
}

/** `error` must be one that the world's faults explain. */
export function explain({ ledger }: FaultClient, what: string, error: unknown, expected: readonly string[] = []): void {
  const isCancel = error instanceof OperatingError && error.message.startsWith(CANCELLED);
  const code = error instanceof OperatingError ? error.code : 'none';
  const isExplained = isCancel || WORLD_ERRORS.includes(code) || expected.includes(code);
  ledger.check(isExplained, () => `${what} failed with ${String(error)}`);
  ledger.count(`${what.replaceAll(/ \d+.*$/g, '')}: ${isCancel ? 'cancelled' : code}`);
}
