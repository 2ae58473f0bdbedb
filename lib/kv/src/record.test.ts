// The bytes that docs/formats/kv.md describes, computed by another program.
import { expect, test } from 'vitest';
import { formatEntry, formatLease, formatRevision, formatVersion, parseRecord } from './record.ts';
import type { EngineWrite } from './kv-engine.ts';

const hex = ({ key, value }: EngineWrite): string[] =>
  [key, value ?? []].map((part) => Buffer.from(part).toString('hex'));

const entry = { key: 'a', value: new Uint8Array(Buffer.from('hi')), createRevision: 1, modRevision: 2, leaseId: 'x' };

test('records have the bytes of format 1, and read back as what they were', () => {
  const check = (record: EngineWrite, expected: string[], parsed: unknown): void => {
    expect(hex(record)).toEqual(expected);
    expect(parseRecord({ key: record.key, value: record.value ?? new Uint8Array() })).toEqual(parsed);
  };
  check(formatEntry('a', entry), ['3261', '63b616c8010000000000000002000000000000000100786869'], {
    kind: 'entry',
    entry,
  });
  check(formatRevision(3), ['307265766973696f6e', 'fce626000300000000000000'], { kind: 'revision', revision: 3 });
  check(formatLease('x', { leaseId: 'x', ttlMs: 1_000 }), ['3178', 'f4c41d4ee803000000000000'], {
    kind: 'lease',
    lease: { leaseId: 'x', ttlMs: 1_000 },
  });
  check(formatVersion(1), ['30666f726d6174', '31'], { kind: 'format', version: 1 });
});
