import type { ConfigSource, SourceContext } from '../src/config-source.ts';
import type { ConfigObject } from '../src/config-values.ts';
import { saidBy } from '../src/feed-layer.ts';

/** A source that says what a test says. */
export type Seed = ConfigSource & {
  /** Resolves when it is in force. */
  readonly say: (values: ConfigObject) => Promise<void>;
};

export function createSeed(name: string, first: ConfigObject): Seed {
  let context: SourceContext | undefined;
  const publish = (values: ConfigObject): void => context?.publish({ values: saidBy(name, Object.entries(values)) });
  return {
    name,
    async say(values) {
      publish(values);
      // What is said in one turn takes effect together.
      await new Promise((resolve) => setImmediate(resolve));
    },
    async open(given) {
      context = given;
      publish(first);
    },
  };
}
