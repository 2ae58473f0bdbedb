/** Instances of an application, which follow the feed of a configuration service and report what they run, as processes do. */
import { digestOf } from '@plumb/config/digest';
import type { ConfigFeedEvent, ConfigValue, Coordinates } from '@plumb/config/feed';
import type { ConfigClient } from '../src/index.ts';

export type FleetInstance = {
  readonly instance: string;
  readonly values: ReadonlyMap<string, ConfigValue>;
  /** What the watched key has been, in order. */
  readonly seen: readonly (ConfigValue | undefined)[];
  /** Follows the feed no more. */
  readonly leave: () => Promise<void>;
};

export type Fleet = AsyncDisposable & {
  readonly instances: readonly FleetInstance[];
  readonly join: (instance: string, coordinates?: Coordinates) => FleetInstance;
  /** Those for whom the watched key has the value now, by name. */
  readonly having: (value: ConfigValue) => readonly string[];
};

/** `clientOf` is asked when an instance joins. */
export function createFleet(
  clientOf: (instance: string) => ConfigClient,
  {
    application,
    watched,
    onEvent = () => undefined,
  }: {
    readonly application: string;
    readonly watched: string;
    readonly onEvent?: ((values: ReadonlyMap<string, ConfigValue>) => void) | undefined;
  },
): Fleet {
  const instances: FleetInstance[] = [];
  const join = (instance: string, coordinates: Coordinates = {}): FleetInstance => {
    const client = clientOf(instance);
    const stop = new AbortController();
    const values = new Map<string, ConfigValue>();
    const seen: (ConfigValue | undefined)[] = [];
    const following = (async () => {
      for await (const event of client.watch({ application, ...coordinates }, { signal: stop.signal })) {
        applyEvent(values, event);
        onEvent(values);
        if (seen.length === 0 || seen.at(-1) !== values.get(watched)) seen.push(values.get(watched));
        await client.report({ application, instance, revision: event.revision, digest: digestOf(values) });
      }
    })();
    // It ends with the service too.
    const ended = following.catch(() => undefined);
    const leave = async (): Promise<void> => {
      stop.abort();
      if (instances.includes(one)) instances.splice(instances.indexOf(one), 1);
      await ended;
    };
    const one: FleetInstance = { instance, values, seen, leave };
    instances.push(one);
    return one;
  };
  return {
    instances,
    join,
    having: (value) => instances.flatMap((one) => (one.values.get(watched) === value ? [one.instance] : [])).sort(),
    async [Symbol.asyncDispose]() {
      await Promise.all([...instances].map(({ leave }) => leave()));
    },
  };
}

function applyEvent(values: Map<string, ConfigValue>, event: ConfigFeedEvent): void {
  if (event.kind === 'snapshot') {
    values.clear();
    for (const [key, value] of Object.entries(event.values)) values.set(key, value);
    return;
  }
  for (const { key, value } of event.changes) {
    if (value === undefined) values.delete(key);
    else values.set(key, value);
  }
}
