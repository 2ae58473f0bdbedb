import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ConfigView, createLayeredConfig } from './config.ts';
import type { ConfigObject } from './config-values.ts';
import { createFeedLayer, saidBy } from './feed-layer.ts';
import type { ConfigFeedEvent, ConfigValue } from './feed.ts';

const keys = ['a', 'a.b', 'a.b.c', 'a.d', 'e', 'f.g', 'constructor'];
const key = fc.constantFrom(...keys);
const value: fc.Arbitrary<ConfigValue> = fc.oneof(
  fc.constantFrom<ConfigValue>(0, 1, false, '', null, 'text'),
  fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 2 }),
  fc.constantFrom<ConfigValue>({}, { b: 1 }, { b: { c: 2 } }),
);
const event: fc.Arbitrary<ConfigFeedEvent> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc
      .dictionary(key, value, { maxKeys: 4, noNullPrototype: true })
      .map((values) => ({ kind: 'snapshot' as const, revision: 0, values })),
  },
  {
    weight: 4,
    arbitrary: fc
      .array(fc.record({ key, value: fc.option(value, { nil: undefined }) }), { minLength: 1, maxLength: 3 })
      .map((changes) => ({ kind: 'change' as const, revision: 0, changes })),
  },
);
const defaults = fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true });

function createSource(base: ConfigObject): { view: ConfigView; apply: (event: ConfigFeedEvent) => void } {
  const layerOf = createFeedLayer('store');
  const { view, apply } = createLayeredConfig({
    sourceNames: ['defaults', 'store'],
    onListenerError(error) {
      throw error;
    },
  });
  apply(new Map([[0, { values: saidBy('defaults', Object.entries(base)) }]]));
  return { view, apply: (event) => void apply(new Map([[1, layerOf(event)]])) };
}

// Goal: however the values came about, what is in force is the same as if they had all come at once. Method: random
// events on one source; a second one that is given the sum of them as one snapshot.
test('any events in a row leave what one snapshot of their sum would', () => {
  fc.assert(
    fc.property(defaults, fc.array(event, { maxLength: 12 }), (base, events) => {
      const source = createSource(base);
      const given: Record<string, ConfigValue> = Object.create(null) as Record<string, ConfigValue>;
      for (const next of events) {
        source.apply(next);
        if (next.kind === 'snapshot') {
          for (const old of Object.keys(given)) delete given[old];
          Object.assign(given, next.values);
        } else {
          for (const change of next.changes) {
            if (change.value === undefined) delete given[change.key];
            else given[change.key] = change.value;
          }
        }
      }
      const rebuilt = createSource(base);
      rebuilt.apply({ kind: 'snapshot', revision: 0, values: { ...given } });
      expect(source.view.get()).toEqual(rebuilt.view.get());
      expect(source.view.snapshot().values).toEqual(rebuilt.view.snapshot().values);
    }),
  );
});

// Goal: a listener is called when what it would read is different, and only then. Method: compare what is read at every
// path before and after each event with who was called.
test('exactly those are told for whom something changed, once', () => {
  fc.assert(
    fc.property(defaults, fc.array(event, { maxLength: 8 }), (base, events) => {
      const { view, apply } = createSource(base);
      const called: string[] = [];
      const paths = ['', ...keys, 'a.b.c.x', 'f'];
      for (const path of paths) {
        view.subscribe(path, (told) => {
          expect(told).toEqual(view.get(path));
          called.push(path);
        });
      }
      for (const next of events) {
        called.length = 0;
        const before = view.snapshot();
        apply(next);
        const changed = paths.filter(
          (path) => JSON.stringify(sorted(before.get(path))) !== JSON.stringify(sorted(view.get(path))),
        );
        expect(called).toEqual(changed);
      }
    }),
  );
});

function sorted(given: ConfigValue | undefined): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given ?? [given === null];
  const entries = Object.entries(given).map(([name, inner]) => [name, sorted(inner)] as const);
  return { object: entries.sort(([a], [b]) => (a < b ? -1 : 1)) };
}
