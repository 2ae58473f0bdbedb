import fc from 'fast-check';
import * as toml from 'smol-toml';
import { expect, test } from 'vitest';
import * as yaml from 'yaml';
import { namesOf } from '../config-path.ts';
import { objectOf } from '../config-values.ts';
import type { ConfigValue } from '../feed.ts';
import { type FileReading, readingOf } from './file-reading.ts';
import { parseJson } from './parse-json.ts';
import { parsePlainYaml } from './parse-plain-yaml.ts';
import { parsePlainToml } from './parse-plain-toml.ts';
import { parseFullToml } from './parse-toml.ts';
import { parseFullYaml } from './parse-yaml.ts';

/**
 * None is YAML's merge key, which we take in and its parser does not unless it is asked. None ends in a backslash: V8's own `JSON.parse` of Node 26 takes the name `"` for the name `\` where an object before had
 * that one in its place.
 */
const name = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'c',
    'key',
    'smtp-host',
    'a.b',
    'x y',
    '__proto__',
    'constructor',
    'é',
    '"q"',
    '#h',
    'back\\slash',
  ),
  fc.string({ minLength: 1, maxLength: 6 }).filter((one) => one !== '<<' && !one.endsWith('\\')),
);
const scalar = fc.oneof(
  fc.constantFrom<ConfigValue>(null, true, false, 0, -1, 1.5, '', ' ', 'text', '25', 'null', 'a: b', 'a # b', '{}'),
  fc.string({ maxLength: 8 }),
  fc.integer(),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter((one) => !Number.isInteger(one) || Number.isSafeInteger(one)),
);
const value = fc.letrec<{ value: ConfigValue; object: { [key: string]: ConfigValue } }>((tie) => ({
  value: fc.oneof({ weight: 4, arbitrary: scalar }, fc.array(tie('value'), { maxLength: 3 }), tie('object')),
  object: fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
}));

/** The object that a reading's leaves make, or its faults. */
function readObject(reading: FileReading): unknown {
  if (reading.kind === 'faults') return reading;
  return objectOf([...reading.values].map(([path, { value: leaf }]) => [namesOf(path), leaf] as const));
}

/** The name as the text has it at a place. */
function textAt(text: string, line: number, column: number): string {
  return (text.split('\n')[line - 1] ?? '').slice(column - 1);
}

test('JSON: what JSON.parse gives is what is read, each name at its place', () => {
  fc.assert(
    fc.property(value.object, fc.constantFrom(0, 2), (object, indent) => {
      const text = JSON.stringify(object, undefined, indent);
      const reading = parseJson(text);
      expect(readObject(reading)).toEqual(JSON.parse(text));
      if (reading.kind === 'faults') return;
      for (const [path, { line, column }] of reading.values) {
        expect(textAt(text, line, column).startsWith(JSON.stringify(namesOf(path).at(-1)))).toBe(true);
      }
    }),
  );
});

// Goal: a text that JSON.parse refuses is refused, and one that it takes and we refuse has a reason of ours. Method: valid
// texts with a few characters changed.
test('JSON: nothing that is not JSON is read', () => {
  const edit = fc.record({
    at: fc.nat(60),
    put: fc.constantFrom('', '"', ',', '}', '{', '\\', '0', ' ', '\n', ':', '1'),
  });
  fc.assert(
    fc.property(value.object, fc.array(edit, { minLength: 1, maxLength: 3 }), (object, edits) => {
      const text = edits.reduce(
        (one, { at, put }) => one.slice(0, at) + put + one.slice(at + 1),
        JSON.stringify(object),
      );
      let parsed: unknown;
      try {
        parsed = JSON.parse(text);
      } catch {
        expect(parseJson(text).kind).toBe('faults');
        return;
      }
      const reading = parseJson(text);
      if (reading.kind === 'values') expect(readObject(reading)).toEqual(parsed);
      else expect(reading.faults[0]?.reason).toMatch(/must be an object|stands here twice|every program|empty/);
    }),
  );
});

const plainLine = fc
  .tuple(
    fc.constantFrom('', '', '', '', '  ', '  ', '    ', '   '),
    fc.constantFrom('a:', 'b:', 'c.d:', 'key-1:', '- ', '#', '', 'a', '"a":', 'x y:'),
    fc.constantFrom(
      '',
      ' 1',
      ' text',
      ' "q # r"',
      " 'it''s'",
      ' true',
      ' ~',
      ' 1.50',
      ' 012',
      ' 1e3',
      ' - x',
      ' a: b',
      ' x # y',
    ),
    fc.constantFrom(
      '',
      '',
      '',
      ' # note',
      ' ',
      '\t',
      ' |',
      ' &x',
      ' [1]',
      '\r',
      ' é',
      ' http://x:80/a#b',
      ' -',
      ' 2026-11-22',
    ),
  )
  .map((parts) => parts.join(''));

// Goal: the quick reader never differs from the real one. Method: random lines that look like plain YAML and nearly so;
// what the quick one takes must be the same, with the same places, as what the real one reads.
test('YAML: what the quick reader reads, the real one reads the same', () => {
  let readCount = 0;
  fc.assert(
    fc.property(fc.array(plainLine, { minLength: 1, maxLength: 6 }), (lines) => {
      const text = lines.join('\n');
      const tree = parsePlainYaml(text);
      if (tree === undefined) return;
      readCount += 1;
      const [quick, real] = [readingOf(text, tree, []), parseFullYaml(text, yaml)];
      expect(real).toEqual(quick);
    }),
    { numRuns: 3_000 },
  );
  expect(readCount).toBeGreaterThan(20);
});

test('YAML: what the real serializer writes is read back', () => {
  fc.assert(
    fc.property(value.object, (object) => {
      const text = yaml.stringify(object);
      const tree = parsePlainYaml(text);
      const expected = yaml.parse(text) as unknown;
      const real = parseFullYaml(text, yaml);
      if (real.kind === 'values') expect(readObject(real)).toEqual(expected ?? {});
      if (tree !== undefined) expect(readingOf(text, tree, [])).toEqual(real);
    }),
  );
});

const tomlLine = fc
  .tuple(
    fc.constantFrom('a', 'b', '[a]', '[a.b]', '[c]', '[[d]]', 'a.b', '"a"', '#', '', ' a', '[ a ]', 'c-1'),
    fc.constantFrom(' = ', '=', '', ' ', '\t=\t'),
    fc.constantFrom(
      '1',
      '-0.5',
      '"text"',
      '"#"',
      '"\\n"',
      'true',
      'inf',
      '1_000',
      '07',
      "'x'",
      '[1]',
      '{x=1}',
      '1979-05-27',
      '',
    ),
    fc.constantFrom('', '', '', '', ' # note', ' ', '\r', ' x', '#\u0001', 'é'),
  )
  .map((parts) => parts.join(''));

// As for YAML.
test('TOML: what the quick reader reads, the real one reads the same', () => {
  let readCount = 0;
  fc.assert(
    fc.property(fc.array(tomlLine, { minLength: 1, maxLength: 5 }), (lines) => {
      const text = lines.join('\n');
      const tree = parsePlainToml(text);
      if (tree === undefined) return;
      readCount += 1;
      expect(parseFullToml(text, toml)).toEqual(readingOf(text, tree, []));
    }),
    { numRuns: 3_000 },
  );
  expect(readCount).toBeGreaterThan(20);
});

test('TOML: what the real serializer writes is read back, each name at its place', () => {
  const tomlValue = fc.letrec<{ value: unknown; object: { [key: string]: unknown } }>((tie) => ({
    value: fc.oneof(
      { weight: 4, arbitrary: fc.oneof(fc.boolean(), fc.integer(), fc.string({ maxLength: 8 })) },
      fc.array(fc.string({ maxLength: 4 }), { maxLength: 3 }),
      fc.array(tie('object'), { maxLength: 2 }),
      tie('object'),
    ),
    object: fc.dictionary(
      name.filter((one) => one !== '__proto__'),
      tie('value'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  }));
  fc.assert(
    fc.property(tomlValue.object, (object) => {
      const text = toml.stringify(object);
      const reading = parseFullToml(text, toml);
      const tree = parsePlainToml(text);
      if (tree !== undefined) expect(readingOf(text, tree, [])).toEqual(reading);
      expect(readObject(reading)).toEqual(object);
      if (reading.kind === 'faults') return;
      for (const [path, { line, column }] of reading.values) {
        const last = namesOf(path).at(-1) ?? '';
        const at = textAt(text, line, column);
        expect(at.startsWith(last) || at.startsWith(JSON.stringify(last)) || at.startsWith('"')).toBe(true);
      }
    }),
  );
});
