import { OperatingError } from '@plumb/base';
import { joinPath } from '../config-path.ts';
import type { ConfigSource, SourceValue } from '../config-source.ts';
import { type ConfigObject, flatten, isBranch, valueFault } from '../config-values.ts';
import { LOAD_TIMEOUT_MS, RepeatedLoad } from './repeated-load.ts';

export type ProviderOptions = {
  /** As `explain` shows it. */
  readonly name: string;
  /** All values, with nested objects or dotted paths. Called anew while an earlier call hangs; `signal` aborts at the time-out. */
  readonly load: (signal: AbortSignal) => Promise<ConfigObject>;
  /** Between two loads, on average; 0, or left out: none after the first that succeeds. */
  readonly everyMs?: number | undefined;
  readonly timeoutMs?: number | undefined;
  /** What the values are below; all of the configuration without it. */
  readonly at?: string | undefined;
};

export type ProviderSource = ConfigSource & {
  /** Loads at once. @throws what the load throws, `deadline`, or `invalid` for what is no configuration; the last values stay. */
  readonly refresh: () => Promise<void>;
};

/**
 * Values from a function of the application. What it says replaces what it said. While it hangs, fails or gives what is no
 * configuration, its last values stay; that is one warning, and its end one line. After a failure it is asked again from
 * 0.5 s on.
 */
export function provider(options: ProviderOptions): ProviderSource {
  const { name, load, everyMs = 0, timeoutMs = LOAD_TIMEOUT_MS, at = '' } = options;
  let repeated: RepeatedLoad<ReadonlyMap<string, SourceValue>> | undefined;
  return {
    name,
    async open({ publish, warn, settle, clock, random, signal }) {
      repeated = new RepeatedLoad({
        load: async (until) => valuesOf(await load(until), name, at),
        everyMs,
        timeoutMs,
        onValue: (values) => publish({ values }),
        onTrouble: (trouble) =>
          trouble === undefined
            ? settle()
            : warn(new OperatingError('unavailable', `${trouble}; its last values stay`)),
        clock,
        random,
        signal,
      });
      await repeated.start();
    },
    async refresh() {
      if (repeated === undefined)
        throw new OperatingError('unavailable', `${name} is not open: give it to openConfig first`);
      await repeated.load();
    },
  };
}

function valuesOf(values: ConfigObject, source: string, at: string): ReadonlyMap<string, SourceValue> {
  const fault = isBranch(values) ? valueFault(values) : 'it is not an object';
  if (fault !== undefined) throw new OperatingError('invalid', `what it gave is no configuration: ${fault}`);
  const flat = [...flatten(Object.entries(values))];
  return new Map(flat.map(([path, value]) => [joinPath(at, path), { value, origin: { source } }]));
}
