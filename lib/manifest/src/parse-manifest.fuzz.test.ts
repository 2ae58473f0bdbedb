import { OperatingError } from '@plumb/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Fault } from './manifest.ts';
import { parseManifest } from './parse-manifest.ts';

const VALID = `plumb: 1
name: tipjar
x-base: &base { command: node web.js }
processes:
  web: { <<: *base, port: auto, needs: { eth: ready }, env: { A: "\${chains.eth.url}" } }
chains:
  eth: { kind: ethereum, network: dev }
config: { title: Tips, mail: { host: x } }
environments:
  dev: { config: { title: Dev } }
`;

/** Reads it, and fails unless it is a manifest or a refusal whose faults stand inside the text. */
function checkTotal(text: string): void {
  try {
    parseManifest(text, { file: 'f', environment: 'dev' });
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    expect(error.code).toBe('invalid');
    const faults = error.details?.['faults'] as readonly Fault[];
    expect(faults.length).toBeGreaterThan(0);
    const lineCount = text.split('\n').length;
    for (const { line, column } of faults) {
      expect(line).toBeGreaterThanOrEqual(1);
      expect(line).toBeLessThanOrEqual(lineCount);
      expect(column).toBeGreaterThanOrEqual(1);
    }
  }
}

// Goal: no input, however broken, does anything but parse or be refused as `invalid`.
test('random bytes are refused, never more', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => checkTotal(new TextDecoder().decode(bytes))),
    { numRuns: 300 },
  );
});

test('a manifest with random damage is read or refused, never more', () => {
  const damage = fc.record({
    from: fc.nat(VALID.length),
    length: fc.nat(12),
    text: fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.constantFrom('\n', '  ', ': ', '- ', '&a', '*a', '<<', '{', ']', '\t', '#', '|'),
    ),
  });
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (damages) => {
      const broken = damages.reduce(
        (text, { from, length, text: put }) => text.slice(0, from) + put + text.slice(from + length),
        VALID,
      );
      checkTotal(broken);
    }),
    { numRuns: 300 },
  );
});

test('text of YAML tokens is read or refused, never more', () => {
  const token = fc.constantFrom(
    'plumb: 1\n',
    'name: x\n',
    'processes:\n',
    '  web:\n',
    '    command: a\n',
    '- ',
    '? ',
    ': ',
    '[',
    '{',
    '}',
    '&a ',
    '*a ',
    '!!str ',
    '"',
    "'",
    '\n',
    '  ',
    '<<: ',
    'null',
    '1e400',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '\uFEFF',
    '__proto__: ',
    'constructor: ',
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 40 }), (tokens) => checkTotal(tokens.join(''))),
    { numRuns: 300 },
  );
});

// Goal: neither aliases nor merges nor nesting make a small file cost much. Each case takes well under a second.
test('a hostile file is refused in little time', () => {
  const check = (text: string, expected: RegExp): void =>
    expect(() => parseManifest(text, { file: 'plumb.yaml' })).toThrow(expected);
  const laughs = Array.from({ length: 12 }, (_, i) => `x-${i + 1}: &a${i + 1} [${`*a${i},`.repeat(10)}]`).join('\n');
  check(`plumb: 1\nx-0: &a0 [lol]\n${laughs}\n`, /its aliases expand to more than 150000 values/);
  const merges = '- { <<: *a }\n'.repeat(4_000);
  const keys = Array.from({ length: 4_000 }, (_, i) => `k${i}: 1`).join(', ');
  check(`plumb: 1\nx-a: &a { ${keys} }\nx-b:\n${merges}`, /merges of more than 150000 keys/);
  check(`plumb: 1\nx: ${'['.repeat(60)}${']'.repeat(60)}\n`, /nested more than 40 levels deep/);
  check('['.repeat(20_000), /not YAML/);
  check('{a: '.repeat(10_000), /not YAML/);
  check('- '.repeat(60_000), /nested too deeply/);
  check('a:\n'.repeat(40_000), /stands here twice/);
  check('# '.padEnd(200_000, 'x'), /the file has 195 KiB, and a manifest has at most 128 KiB/);
  check(`${VALID}${Array.from({ length: 500 }, (_, i) => `q${i}: 1\n`).join('')}`, /and 400 more$/);
  check(
    `plumb: 1\nname: x\nprocesses: { ${Array.from({ length: 101 }, (_, i) => `p${i}: { command: x }`).join(', ')} }`,
    /at most 100 processes/,
  );
});
