/** Tells the parts of the configuration page when to ask again. */
import type { ConfigClient } from '@plumb/config-store';
import { type Signal, signal } from '@preact/signals';
import { follow, type World } from './follow.ts';

export const CONFIG_PARTS = [
  'values',
  'schema',
  'proposals',
  'rollouts',
  'convergence',
  'recipients',
  'reads',
] as const;
export type ConfigPart = (typeof CONFIG_PARTS)[number];

/** How often each part has become different since the page was opened. */
export type ConfigPulse = { readonly [P in ConfigPart]: Signal<number> } & {
  readonly refused: Signal<string | undefined>;
};

export function createConfigPulse(): ConfigPulse {
  const counts = Object.fromEntries(CONFIG_PARTS.map((part) => [part, signal(0)])) as Record<
    ConfigPart,
    Signal<number>
  >;
  return { ...counts, refused: signal<string | undefined>(undefined) };
}

/** Runs until `stop` aborts. After a lost connection everything is asked again. */
export async function followConfigParts(
  pulse: ConfigPulse,
  { config }: { readonly config: Pick<ConfigClient, 'follow'> },
  { application, world, stop }: { readonly application: string; readonly world: World; readonly stop: AbortSignal },
): Promise<void> {
  let isFirst = true;
  async function* subscribe(signalOfOne: AbortSignal): AsyncGenerator<readonly ConfigPart[]> {
    if (!isFirst) yield CONFIG_PARTS;
    isFirst = false;
    for await (const { parts } of config.follow({ application }, { signal: signalOfOne })) yield parts;
  }
  await follow({
    subscribe,
    onItem: (parts) => {
      for (const part of parts) pulse[part].value += 1;
    },
    onRefused: (message) => (pulse.refused.value = message),
    signal: stop,
    world,
  });
}
