/** A deployment and a configuration that a test turns by hand, seen through the contracts' own clients. */
import { assert } from '@plumb/base';
import type { ConfigClient } from '@plumb/config-store';
import type { ApplicationStatus, DeployClient, DeployEvent, UnitStatus } from '@plumb/deploy';

export function unitStatus(unit: string, change: Partial<UnitStatus> = {}): UnitStatus {
  const [application = '', component = ''] = unit.split('/');
  return {
    unit,
    application,
    component,
    kind: 'process',
    state: 'running',
    health: { state: 'ready', sinceAt: 0 },
    release: 'r1',
    restartsRecent: 0,
    restartsTotal: 0,
    ...change,
  };
}

export function applicationStatus(units: readonly UnitStatus[]): ApplicationStatus {
  const name = units[0]?.application;
  assert(name !== undefined, 'an application has a unit');
  return { name, environment: 'dev', release: 'r1', directory: '/srv/app', deployedAt: 0, units: [...units] };
}

export const CRASHED: Partial<UnitStatus> = {
  state: 'crashed',
  health: { state: 'failed', sinceAt: 0, reason: 'it exited with code 1, and ended 5 times in 1 min; it stays down' },
  restartsRecent: 5,
  restartsTotal: 5,
  lastExit: { code: 1, signal: null, at: 0 },
};

/** A value that can be watched: the present one, then each further. */
function createFeed<T>(first: T): {
  readonly set: (value: T) => void;
  readonly watch: (signal?: AbortSignal) => AsyncGenerator<T>;
} {
  let current = first;
  let changed = Promise.withResolvers<void>();
  return {
    set(value) {
      current = value;
      changed.resolve();
      changed = Promise.withResolvers();
    },
    async *watch(signal) {
      const ended = Promise.withResolvers<void>();
      signal?.addEventListener('abort', () => ended.resolve(), { once: true });
      for (let seen: T | undefined; signal?.aborted !== true;) {
        if (seen === current) await Promise.race([changed.promise, ended.promise]);
        else yield (seen = current);
      }
    },
  };
}

export function createTestDeploy(): {
  readonly client: DeployClient;
  readonly set: (units: readonly UnitStatus[]) => void;
} {
  const feed = createFeed<DeployEvent>({ kind: 'snapshot', applications: [] });
  return {
    client: {
      watch: (_input: unknown, options?: { signal?: AbortSignal }) => feed.watch(options?.signal),
    } as unknown as DeployClient,
    set: (units) => feed.set({ kind: 'snapshot', applications: units.length === 0 ? [] : [applicationStatus(units)] }),
  };
}

export function createTestConfig(first: Record<string, unknown>): {
  readonly client: ConfigClient;
  readonly set: (values: Record<string, unknown>) => void;
} {
  const event = (values: Record<string, unknown>) => ({ kind: 'snapshot' as const, revision: 1, values });
  const feed = createFeed(event(first));
  return {
    client: {
      watch: (_input: unknown, options?: { signal?: AbortSignal }) => feed.watch(options?.signal),
    } as unknown as ConfigClient,
    set: (values) => feed.set(event(values)),
  };
}
