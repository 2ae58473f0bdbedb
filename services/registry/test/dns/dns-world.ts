/** A dictionary that a test writes by hand, as the door follows it. */
import type { Instance, RegistryClient, RegistryEvent, Service } from '../../src/index.ts';

export function testService(name: string): Service {
  return { name, application: 'shop', component: name, kind: 'process', protocol: 'http', needs: [] };
}

export function testInstance(service: string, id: string, own: Partial<Instance> = {}): Instance {
  return {
    id,
    service,
    application: 'shop',
    component: service,
    host: 'laptop',
    address: '127.0.0.1',
    port: 4_000,
    release: 'r1',
    startedAt: 1,
    health: { state: 'ready', sinceAt: 1 },
    ...own,
  };
}

export function testSnapshot(services: readonly string[], instances: readonly Instance[], revision = 1): RegistryEvent {
  return {
    kind: 'snapshot',
    revision,
    applications: [],
    services: services.map(testService),
    instances: [...instances],
  };
}

export function testChange(
  revision: number,
  {
    puts = [],
    gone = [],
    services = [],
    goneServices = [],
  }: {
    puts?: readonly Instance[];
    gone?: readonly string[];
    services?: readonly string[];
    goneServices?: readonly string[];
  },
): RegistryEvent {
  return {
    kind: 'change',
    revision,
    applications: [],
    services: services.map(testService),
    instances: [...puts],
    removed: { applications: [], services: [...goneServices], instances: [...gone] },
  };
}

export type TestDictionary = {
  readonly registry: Pick<RegistryClient, 'watch'>;
  /** Tells every watcher; those who come later begin with the last snapshot only. */
  readonly tell: (event: RegistryEvent) => void;
  /** Breaks every watch, as a lost connection does. */
  readonly fail: () => void;
};

export function createTestDictionary(first: RegistryEvent | undefined): TestDictionary {
  let snapshot = first;
  const watchers = new Set<(event: RegistryEvent | Error) => void>();
  return {
    registry: {
      async *watch(_input, { signal } = {}) {
        const queue: (RegistryEvent | Error)[] = snapshot === undefined ? [] : [snapshot];
        let wake = Promise.withResolvers<void>();
        const offer = (event: RegistryEvent | Error): void => {
          queue.push(event);
          wake.resolve();
        };
        watchers.add(offer);
        signal?.addEventListener('abort', () => wake.resolve());
        try {
          while (signal?.aborted !== true) {
            const event = queue.shift();
            if (event instanceof Error) throw event;
            if (event !== undefined) yield event;
            else {
              wake = Promise.withResolvers<void>();
              await wake.promise;
            }
          }
        } finally {
          watchers.delete(offer);
        }
      },
    },
    tell(event) {
      if (event.kind === 'snapshot') snapshot = event;
      for (const offer of watchers) offer(event);
    },
    fail() {
      for (const offer of watchers) offer(new Error('the connection was lost'));
    },
  };
}
