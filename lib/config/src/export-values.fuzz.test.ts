import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exportValues } from './export-values.ts';
import type { ConfigValue } from './feed.ts';
import { IMPORT_FORMATS, importValues } from './import-values.ts';

const word = fc.stringMatching(/^[a-z]([a-z0-9-]{0,4}[a-z0-9])?$/);
/** Numbers that every program holds: others are faults of the file that they stand in. */
const number = fc
  .float({ noNaN: true, noDefaultInfinity: true })
  .filter((one) => !Object.is(one, -0) && (!Number.isInteger(one) || Number.isSafeInteger(one)));
const scalar = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  number,
);
const value: fc.Arbitrary<ConfigValue> = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 3 }),
  fc.constantFrom('true', '5', '1.10', ' ', '$HOME', '"', '#x'),
);
const values = fc.dictionary(
  fc.tuple(word, fc.option(word)).map((names) => names.filter(Boolean).join('.')),
  value,
  { maxKeys: 8 },
);

/** Without keys that are the way to others. */
function withoutClashes(given: Readonly<Record<string, ConfigValue>>): ReadonlyMap<string, ConfigValue> {
  const keys = Object.keys(given);
  return new Map(Object.entries(given).filter(([key]) => !keys.some((other) => other.startsWith(`${key}.`))));
}

// Goal: nothing is lost in silence. Method: whatever is exported is read again; each value is as it was, or is named.
test.each(IMPORT_FORMATS)('what is exported as %s comes back, or is named', async (format) => {
  await fc.assert(
    fc.asyncProperty(values, async (given) => {
      const flat = withoutClashes(given);
      const { text, omitted, inexact } = await exportValues(flat, { format });
      const again = await importValues(text, { format });
      const named = new Set([...omitted, ...inexact]);
      for (const [key, expected] of flat) {
        if (!named.has(key)) expect(again.kind === 'values' && again.values.get(key)?.value).toEqual(expected);
      }
      if (format === 'json' || format === 'yaml') expect(named).toEqual(new Set());
    }),
  );
});

test('what each format cannot hold is left out by name', async () => {
  const flat = new Map<string, ConfigValue>([
    ['a.text', 'x y'],
    ['a.none', null],
    ['a.list', [1, 'b']],
    ['a.empty', []],
    ['a.secret', { $sealed: 'AAAA', to: ['age1x'] }],
    ['a.number-like', '5'],
  ]);
  const check = async (format: (typeof IMPORT_FORMATS)[number], text: string, expected: object): Promise<void> => {
    const exported = await exportValues(flat, { format, prefix: format === 'consul' ? undefined : 'SHOP_' });
    expect(exported.text).toContain(text);
    expect(exported).toMatchObject(expected);
  };
  await check('yaml', 'secret:\n    $sealed: AAAA', { omitted: [], inexact: [] });
  await check('json', '"number-like": "5"', { omitted: [], inexact: [] });
  await check('toml', 'list = [ 1, "b" ]', { omitted: ['a.none'], inexact: [] });
  await check('dotenv', 'SHOP_A__LIST__0=1\nSHOP_A__LIST__1=b\nSHOP_A__NUMBER_LIKE="5"\nSHOP_A__TEXT="x y"\n', {
    omitted: ['a.empty', 'a.none', 'a.secret'],
    inexact: [],
  });
  await check('consul', '"key": "a/text"', { omitted: ['a.secret'], inexact: ['a.none', 'a.number-like'] });
});
