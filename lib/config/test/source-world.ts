/** A configuration of some sources as tests run it, with a clock that they move. For tests only. */
import { createLog, seededRandom } from '@plumb/base';
import { createFakeClock, type FakeClock } from '@plumb/testing';
import { type ConfigView, createLayeredConfig } from '../src/config.ts';
import type { ConfigSource } from '../src/config-source.ts';
import { SourceRunner } from '../src/run-sources.ts';

export type SourceWorld = Disposable & {
  readonly view: ConfigView;
  readonly clock: FakeClock;
  /** `warn` and `info` lines: the event, and the reason where there is one. */
  readonly logged: string[];
  readonly runner: SourceRunner;
};

export async function openSources(
  sources: readonly ConfigSource[],
  environment: Readonly<Record<string, string>> = {},
  options: { readonly identities?: readonly string[] } = {},
): Promise<SourceWorld> {
  const { world, opened } = startSources(sources, environment, options);
  await opened;
  return world;
}

/** For tests in which time must pass before they are open. */
export function startSources(
  sources: readonly ConfigSource[],
  environment: Readonly<Record<string, string>> = {},
  { identities = [] }: { readonly identities?: readonly string[] } = {},
): { readonly world: SourceWorld; readonly opened: Promise<void> } {
  const logged: string[] = [];
  const clock = createFakeClock();
  const log = createLog((level, event, { reason }) => {
    if (level !== 'debug') logged.push(typeof reason === 'string' ? `${event} ${reason}` : event);
  });
  const { view, apply } = createLayeredConfig({
    sourceNames: sources.map(({ name }) => name),
    onListenerError(error) {
      throw error;
    },
  });
  const secrets = { application: 'tipjar', identities: async () => identities, withheld: new WeakSet<object>() };
  const world = { clock, random: seededRandom(1), log };
  const runner = new SourceRunner({ sources, apply, onApplied: () => undefined, secrets, environment, ...world });
  const close = (): void => runner[Symbol.dispose]();
  return { world: { view, clock, logged, runner, [Symbol.dispose]: close }, opened: runner.open() };
}
