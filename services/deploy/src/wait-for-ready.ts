import { type Clock, formatDuration, OperatingError } from '@plumb/base';
import type { Application } from './application.ts';
import type { DeployProgress, UnitStatus } from './contract.ts';
import { lastWords } from './last-words.ts';

/** For everything to be ready after a deploy. A chain that syncs for longer goes on by itself. */
export const READY_TIMEOUT_MS = 60_000;
/** Lines of a unit that did not get ready: enough for a stack trace. */
const LAST_LINES = 20;

/**
 * Tells what is waited for, and of each when it is ready, until all units are or `signal` aborts.
 * @throws OperatingError `unavailable` for a unit that was given up, or is not ready after `timeoutMs`; its
 * `details.lastLines` are what the unit printed last.
 */
export async function* waitForReady(
  application: Application,
  { clock, timeoutMs, signal }: { readonly clock: Clock; readonly timeoutMs: number; readonly signal: AbortSignal },
): AsyncGenerator<DeployProgress> {
  const told = new Map<string, string>();
  const endAt = clock.monotonicMs() + timeoutMs;
  while (!signal.aborted) {
    // Before anything is told: what changes while the reader takes its time is seen in the next round.
    const before = readinessOf(application);
    const units = application.units.map((unit) => unit.status());
    const crashed = units.find(({ state }) => state === 'crashed');
    if (crashed !== undefined) throw notReady(application, crashed, `${crashed.unit} does not run`);
    // What a person stops meanwhile is not waited for.
    const wanted = units.filter(({ state }) => state !== 'stopped');
    const first = wanted.find(({ health }) => health.state !== 'ready');
    if (first === undefined) return;
    if (clock.monotonicMs() >= endAt) {
      throw notReady(application, first, `${first.unit} is not ready after ${formatDuration(timeoutMs)}`);
    }
    for (const { unit, health } of wanted) {
      const text = `${health.state} ${health.reason ?? ''}`;
      // What was ready all the time is not waited for.
      if (told.get(unit) === text || (health.state === 'ready' && !told.has(unit))) continue;
      told.set(unit, text);
      yield { kind: 'waiting', unit, health };
    }
    const isChanged = (): boolean => readinessOf(application) !== before;
    await waitUntil(application, isChanged, { clock, endAt, signal });
  }
}

/** Resolves when `check` holds, at `endAt`, or when `signal` aborts. */
async function waitUntil(
  application: Application,
  check: () => boolean,
  { clock, endAt, signal }: { readonly clock: Clock; readonly endAt: number; readonly signal: AbortSignal },
): Promise<void> {
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  using _timer = clock.after(endAt - clock.monotonicMs(), abort);
  signal.addEventListener('abort', abort);
  try {
    await application.until(check, stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function readinessOf({ units }: Application): string {
  return JSON.stringify(units.map((unit) => [unit.status().state, unit.health.state, unit.health.reason]));
}

function notReady(
  application: Application,
  { component, unit, health, state }: UnitStatus,
  what: string,
): OperatingError {
  const lastLines = application.unit(component)?.lastLines(LAST_LINES) ?? [];
  const words = state === 'crashed' ? undefined : lastWords(lastLines); // A crash quotes them itself.
  const printed = words === undefined ? '' : `; it said: ${JSON.stringify(words)}`;
  const help = `read "plumb logs ${unit}", mend it, then deploy again`;
  return new OperatingError('unavailable', `${what}: ${health.reason ?? health.state}${printed}; ${help}`, {
    details: { unit, state, health, lastLines },
  });
}
