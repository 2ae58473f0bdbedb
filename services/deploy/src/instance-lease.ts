/** An instance in the dictionary, for as long as its process runs: registered, kept alive, reported, deregistered. */
import { type Clock, describeError, type Log, OperatingError } from '@plumb/base';
import type { Health, RegistryClient } from '@plumb/registry';

/** How long it stays when Plumb itself is gone. */
const INSTANCE_TTL_MS = 10_000;
/** Two keep-alives may be lost. */
const KEEP_ALIVE_PERIOD_MS = INSTANCE_TTL_MS / 3;

export type InstanceRegistration = Omit<Parameters<RegistryClient['register']>[0], 'health' | 'ttlMs' | 'keptBy'> & {
  readonly instanceId: string;
};

export type InstanceLease = {
  /** Tells the dictionary. When it is told faster than it listens, the last health counts. */
  readonly report: (health: Health) => void;
  /** Takes it out at once; never rejects. Safe to call twice. */
  readonly end: () => Promise<void>;
};

type LeaseDependencies = { readonly registry: RegistryClient; readonly clock: Clock; readonly log: Log };

/** Calls go out one after the other, so that what is known there is never older than what was told later. */
export function openInstanceLease(
  registration: InstanceRegistration,
  firstHealth: Health,
  { registry, clock, log }: LeaseDependencies,
): InstanceLease {
  const { instanceId, service } = registration;
  let health = firstHealth;
  let isEnded = false;
  let isReporting = false;
  let work = Promise.resolve();

  const enqueue = (what: string, task: () => Promise<unknown>): Promise<void> => {
    work = work.then(task).then(
      () => undefined,
      (error: unknown) => log.warn(`deploy.instance-${what}`, { instanceId, service, error: describeError(error) }),
    );
    return work;
  };
  const register = (): Promise<unknown> =>
    registry.register({ ...registration, health, ttlMs: INSTANCE_TTL_MS, keptBy: 'supervisor' });
  /** The dictionary may have forgotten it, while it was away or busy. */
  const orRegister = async (call: Promise<unknown>): Promise<void> => {
    try {
      await call;
    } catch (error) {
      if (!(error instanceof OperatingError) || error.code !== 'not-found') throw error;
      await register();
    }
  };
  const keepAlive = (): void => {
    void enqueue('keep-alive', async () => {
      if (!isEnded) await orRegister(registry.keepAlive({ instanceId }));
    });
  };

  void enqueue('register', register);
  const timer = clock.every(KEEP_ALIVE_PERIOD_MS, keepAlive);
  return {
    report: (next) => {
      health = next;
      if (isReporting || isEnded) return;
      isReporting = true;
      void enqueue('report', async () => {
        isReporting = false;
        if (!isEnded) await orRegister(registry.reportHealth({ instanceId, health }));
      });
    },
    end: () => {
      if (isEnded) return work;
      isEnded = true;
      timer.cancel();
      return enqueue('deregister', () => registry.deregister({ instanceId }));
    },
  };
}
