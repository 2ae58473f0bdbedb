import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLayeredConfig, type LayeredConfig } from './config.ts';
import { isAtOrUnder, namesOf } from './config-path.ts';
import type { ConfigSnapshot } from './config-snapshot.ts';
import type { SourceLayer, SourceValue } from './config-source.ts';
import { type ConfigObject, isEmptyObject, objectOf } from './config-values.ts';
import type { ConfigValue } from './feed.ts';
import { parseJson } from './formats/parse-json.ts';

const SOURCES = 4;
const sourceNames = Array.from({ length: SOURCES }, (_, i) => `source-${i}`);

type Said = { readonly path: string; readonly index: number; readonly said: SourceValue };

/**
 * The obvious slow version of merging: source by source, each leaf takes away what it contradicts of earlier sources. Of
 * one source a leaf above another does not count, and an empty object where anything is below it.
 */
function mergeSlowly(layers: readonly ReadonlyMap<string, SourceValue>[]): Map<string, Said> {
  const merged = new Map<string, Said>();
  for (const [index, layer] of layers.entries()) {
    for (const [path, { value }] of layer) {
      for (const other of merged.keys()) {
        const isBelow = other !== path && isAtOrUnder(other, path);
        if (isAtOrUnder(path, other) || (isBelow && !isEmptyObject(value))) merged.delete(other);
      }
    }
    for (const [path, said] of layer) {
      const hasBelow = [...layer.keys()].some((other) => other !== path && isAtOrUnder(other, path));
      if (!hasBelow) merged.set(path, { path, index, said });
    }
  }
  for (const [path, { said }] of merged) {
    const hasBelow = [...merged.keys()].some((other) => other !== path && isAtOrUnder(other, path));
    if (isEmptyObject(said.value) && hasBelow) merged.delete(path);
  }
  return merged;
}

function treeOf(leaves: Iterable<Said>): ConfigObject {
  return objectOf([...leaves].map(({ path, said }) => [namesOf(path), said.value] as const));
}

function createSubject(): LayeredConfig {
  return createLayeredConfig({
    sourceNames,
    onListenerError(error) {
      throw error;
    },
  });
}

const name = fc.constantFrom('a', 'b', 'c', 'x.y', 'constructor', '__proto__');
const leaf = fc.constantFrom<ConfigValue>(0, 1, null, false, '', 'text', [], [1, { b: 2 }], {});
const object = fc.letrec<{ object: { [key: string]: ConfigValue }; value: ConfigValue }>((tie) => ({
  value: fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 2, arbitrary: tie('object') }),
  object: fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
})).object;

// Goal: of every leaf it is right who said it, where, who else spoke of it, and who wins. Method: a corpus of 1,000 cases,
// each of four JSON files that speak of the same few names; what is said of a leaf is compared with the slow merge, and
// each place with the text that is there.
test('of every leaf of 1,000 merged cases it is told who said what, at which line and column, and who wins', () => {
  fc.assert(
    fc.property(fc.array(object, { minLength: 1, maxLength: SOURCES }), (files) => {
      const texts = files.map((file) => JSON.stringify(file, undefined, 2));
      const layers = texts.map((text, index) => placedLayer(text, sourceNames[index] ?? ''));
      const { view, apply } = createSubject();
      apply(new Map(layers.map((values, index) => [index, { values }])));
      const merged = mergeSlowly(layers);
      expect(view.get()).toEqual(treeOf(merged.values()));
      expect(view.snapshot().values).toEqual(
        Object.fromEntries([...merged].map(([path, { said }]) => [path, said.value])),
      );

      const all = layers.flatMap((layer, index) => [...layer].map(([path, said]) => ({ path, index, said })));
      for (const { path } of all) {
        const around = all.filter((other) => isAtOrUnder(other.path, path) || isAtOrUnder(path, other.path));
        const expected = around.map((one) => [one.path, one.index, merged.get(one.path)?.said === one.said].join());
        const told = view.explain(path).statements;
        const actual = told.map((one) => [one.path, sourceNames.indexOf(one.source), one.isInForce].join());
        expect(new Set(actual)).toEqual(new Set(expected));
        expect(actual).toHaveLength(expected.length);
        for (const { path: at, origin, why, isInForce } of told) {
          const line = texts[sourceNames.indexOf(origin.source)]?.split('\n')[(origin.line ?? 0) - 1] ?? '';
          expect(line.slice((origin.column ?? 0) - 1).startsWith(JSON.stringify(namesOf(at).at(-1)))).toBe(true);
          expect(why).toMatch(isInForce ? /^(wins over|nobody else)/ : /comes later$|^gives way to what is below it/);
        }
        const winner = merged.get(path);
        expect(view.originOf(path)).toEqual(winner?.said.origin);
      }
    }),
    { numRuns: 1_000 },
  );
});

const path = fc.constantFrom('a', 'a.b', 'a.b.c', 'a.d', 'b', 'b.x\\.y', 'b.x\\.y.z', 'constructor', 'e.f.g');
const said = fc.record({ value: leaf, origin: fc.record({ source: fc.constantFrom('here', 'there') }) });
const change = fc.record({
  index: fc.nat(SOURCES - 1),
  isWhole: fc.boolean(),
  isRead: fc.boolean(),
  changes: fc.array(fc.tuple(path, fc.option(said, { nil: undefined })), { minLength: 1, maxLength: 3 }),
});

// Goal: what changes step by step is what it would be if it were merged anew, and no snapshot changes. Method: random whole
// layers and changes, more than one map of versions holds; compared at each step with the slow merge, and every snapshot in the end.
test('any steps leave what merging anew would, listeners hear what is different, and snapshots stay', () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 400 }), fc.boolean(), (steps, isHeard) => {
      const { view, apply } = createSubject();
      const layers = sourceNames.map(() => new Map<string, SourceValue>());
      const kept: { readonly snapshot: ConfigSnapshot; readonly tree: ConfigObject }[] = [];
      const heard = new Set<string>();
      // Who listens reads at once.
      const paths = isHeard ? ['', 'a', 'a.b', 'b.x\\.y', 'e'] : [];
      for (const one of paths) {
        view.subscribe(one, (value, snapshot) => {
          expect(heard.has(one)).toBe(false);
          heard.add(one);
          expect(value).toEqual(snapshot.get(one));
        });
      }
      for (const { index, isWhole, isRead, changes } of steps) {
        const layer = layers[index];
        if (layer === undefined) continue;
        if (isWhole) layer.clear();
        for (const [at, value] of changes) {
          if (value === undefined) layer.delete(at);
          else layer.set(at, value);
        }
        const before = isRead ? paths.map((one) => JSON.stringify(sorted(view.get(one)))) : [];
        heard.clear();
        apply(new Map([[index, isWhole ? { values: new Map(layer) } : { changes: new Map(changes) }]]));
        const tree = treeOf(mergeSlowly(layers).values());
        // An object is made when it is first read: of some snapshots that is after they are old.
        if (isRead) {
          expect(view.get()).toEqual(tree);
          const different = paths.filter((one, i) => JSON.stringify(sorted(view.get(one))) !== before[i]);
          expect([...heard]).toEqual(different);
        }
        kept.push({ snapshot: view.snapshot(), tree });
      }
      for (const { snapshot, tree } of kept) expect(snapshot.get()).toEqual(tree);
    }),
    { numRuns: 20 },
  );
});

function placedLayer(text: string, source: string): SourceLayer['values'] {
  const reading = parseJson(text);
  if (reading.kind === 'faults') throw new Error(JSON.stringify(reading.faults));
  const { values } = reading;
  return new Map(
    [...values].map(([at, { value, line, column }]) => [at, { value, origin: { source, line, column } }] as const),
  );
}

function sorted(value: ConfigValue | undefined): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value ?? [value === null];
  const entries = Object.entries(value).map(([one, inner]) => [one, sorted(inner)] as const);
  return { object: entries.sort(([a], [b]) => (a < b ? -1 : 1)) };
}
