import { OperatingError, systemClock } from '@plumb/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { generateIdentity, recipientOf } from '../identity.ts';
import { decryptSops, readSops } from './read-sops.ts';
import { formatFloat } from './sops-scalar.ts';
import type { SopsValues } from './sops-values.ts';
import { encryptSops, writeSops } from './write-sops.ts';

const identity = await generateIdentity();
const identities = [identity];
const recipients = [await recipientOf(identity)];
const clock = systemClock;
const write = { recipients, clock };

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(
    '0x1',
    '1_0',
    '~',
    'y',
    '2020-01-01',
    '# a',
    'a: b',
    '- a',
    '{}',
    ' a ',
    '<<',
    'ENC[',
    '\ufeff',
    '\u0085',
  ),
);
const key = text.filter((name) => name !== 'sops' && name !== '__proto__');
const number = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  .filter((value) => !Object.is(value, -0) && (!Number.isInteger(value) || Number.isSafeInteger(value)));
const values = fc.letrec<{ value: unknown; map: SopsValues }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(text, fc.integer(), number, fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('map'),
  ),
  map: fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }) as fc.Arbitrary<SopsValues>,
})).map;

test('any values come back from YAML and JSON, as values and through their text', async () => {
  await fc.assert(
    fc.asyncProperty(values, fc.constantFrom('yaml', 'json'), async (given, format) => {
      const file = await writeSops(given, { ...write, format });
      expect((await readSops(file, { format, identities })).values).toEqual(given);
      const plain = await decryptSops(file, { format, identities });
      if (format === 'json') expect(JSON.parse(plain)).toEqual(given);
      const again = await encryptSops(plain, { ...write, format });
      expect((await readSops(again, { format, identities })).values).toEqual(given);
    }),
    { numRuns: 50 },
  );
});

test('any flat text comes back from dotenv', async () => {
  const name = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,8}$/);
  const line = text.filter((given) => !given.includes('\\n'));
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, line, { noNullPrototype: true }), async (given) => {
      const file = await writeSops(given, { ...write, format: 'dotenv' });
      expect((await readSops(file, { format: 'dotenv', identities })).values).toEqual(given);
    }),
  );
});

// Goal: no change of an encrypted value, of the MAC or of the key goes unseen. Method: one bit of one character within a
// ciphertext is flipped. (What SOPS leaves open: the type beside a value, the names of keys that are not encrypted, comments.)
test('one flipped bit in a ciphertext is always refused, and no error tells a value', async () => {
  const file = await writeSops({ a: 'hunter2', b: { c: [1, true, 'hunter2'] } }, { ...write, format: 'yaml' });
  const parts = [...file.matchAll(/(?:data|iv|tag):([A-Za-z0-9+/=]+)|^ {12}([A-Za-z0-9+/=]+)$/gm)];
  const places = parts.flatMap((part) => {
    const inner = part[1] ?? part[2] ?? '';
    const start = part.index + part[0].indexOf(inner);
    return Array.from(inner, (_, i) => start + i);
  });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...places), fc.nat({ max: 6 }), async (place, bit) => {
      const changed =
        file.slice(0, place) + String.fromCharCode(file.charCodeAt(place) ^ (1 << bit)) + file.slice(place + 1);
      const error: unknown = await readSops(changed, { format: 'yaml', identities }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(OperatingError);
      expect(String(error)).not.toContain('hunter2');
    }),
    { numRuns: 300 },
  );
});

test('a ciphertext that was moved to another key, and lines in another order, are refused', async () => {
  const file = await writeSops({ a: 'one', b: 'two', c: ['three', 'four'] }, { ...write, format: 'yaml' });
  const lines = file.split('\n');
  const value = (line: string | undefined): string => /ENC.*/.exec(line ?? '')?.[0] ?? '';
  for (const [from, to] of [
    [0, 1],
    [1, 0],
    [0, 3],
    [3, 4],
    [4, 0],
  ] as const) {
    const moved = lines.with(to, (lines[to] ?? '').replace(value(lines[to]), value(lines[from]))).join('\n');
    await expect(readSops(moved, { format: 'yaml', identities })).rejects.toMatchObject({ code: 'invalid' });
  }
  const swapped = lines
    .with(3, lines[4] ?? '')
    .with(4, lines[3] ?? '')
    .join('\n');
  await expect(readSops(swapped, { format: 'yaml', identities })).rejects.toThrow('its MAC does not fit');
});

// Goal: no text crashes a reader or is quoted by its error. Method: pieces of the three formats in any order.
test('any text is read or refused', async () => {
  const piece = fc.constantFrom(
    'a',
    ': ',
    '\n',
    '  ',
    '- ',
    '#',
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    ',',
    '|',
    '>',
    '&x',
    '*x',
    '!!',
    '=',
    '\\',
    '1',
    '---\n',
    '...\n',
    '\t',
    '\r',
    '? ',
    'sops',
    'hunter2',
  );
  const format = fc.constantFrom('yaml' as const, 'json' as const, 'dotenv' as const);
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 30 }), format, async (pieces, format) => {
      const given = pieces.join('');
      try {
        const file = await encryptSops(given, { ...write, format });
        await decryptSops(file, { format, identities });
      } catch (error) {
        expect(error).toBeInstanceOf(OperatingError);
        const message = String(error).replace(/the key \S+ is no text/, '');
        if (given.includes('hunter2')) expect(message).not.toContain('hunter2');
      }
    }),
    { numRuns: 1_000 },
  );
});

test('floats are written with the fewest digits that give them back, without exponent', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(formatFloat(value)).toMatch(/^-?\d+(\.\d+)?$/);
      expect(Number(formatFloat(value))).toBe(value);
    }),
  );
  expect([1e25, 1e-7, 123.456, 1e21, -0, 5e-324].map(formatFloat)).toEqual([
    `1${'0'.repeat(25)}`,
    '0.0000001',
    '123.456',
    `1${'0'.repeat(21)}`,
    '-0',
    `0.${'0'.repeat(323)}5`,
  ]);
});
