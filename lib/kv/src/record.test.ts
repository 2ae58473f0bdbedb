// The bytes that docs/formats/kv.md describes, computed by another program, and those that format 1 left behind.
import fs from 'node:fs';
import path from 'node:path';
import { systemClock } from '@plumb/base';
import { expect, test } from 'vitest';
import { formatHistory } from './history-record.ts';
import type { EngineWrite } from './kv-engine.ts';
import { createMemoryEngine, type MemoryRecords } from './memory-engine.ts';
import { openKv } from './open-kv.ts';
import { formatEntry, formatLease, formatRevision, formatVersion, parseRecord } from './record.ts';

const hex = ({ key, value }: EngineWrite): string[] =>
  [key, value ?? []].map((part) => Buffer.from(part).toString('hex'));
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

const entry = { key: 'a', value: bytes('hi'), createRevision: 1, modRevision: 2, version: 2, leaseId: 'x' };

function check(record: EngineWrite, expected: string[], parsed: unknown): void {
  expect(hex(record)).toEqual(expected);
  expect(parseRecord({ key: record.key, value: record.value ?? new Uint8Array() })).toEqual(parsed);
}

test('records have the bytes of format 2, and read back as what they were', () => {
  check(formatEntry('a', entry), ['3261', '60571bf90100000000000000020000000000000001800200000000000000786869'], {
    kind: 'entry',
    entry,
  });
  check(formatRevision(3, 1), ['307265766973696f6e', 'f4abc9b003000000000000000100000000000000'], {
    kind: 'revision',
    revision: 3,
    oldestRevision: 1,
  });
  check(formatLease('x', { leaseId: 'x', ttlMs: 1_000 }), ['3178', 'f4c41d4ee803000000000000'], {
    kind: 'lease',
    lease: { leaseId: 'x', ttlMs: 1_000 },
  });
  check(formatVersion(2), ['30666f726d6174', '32'], { kind: 'format', version: 2 });
  const changes = [
    {
      revision: 3,
      puts: [{ ...entry, key: 'b', createRevision: 3, modRevision: 3 }],
      deletes: ['a'],
      previous: [entry],
    },
    { revision: 4, puts: [], deletes: ['b'], previous: [{ ...entry, key: 'b', createRevision: 3, modRevision: 3 }] },
  ];
  check(
    formatHistory(changes),
    [
      '3330303030303030303030303030303033',
      '1b2f3793020000000200000001001d000000610100000000000000020000000000000001800200000000000000786869010000000000620100000001001d000000620300000000000000030000000000000001800200000000000000786869',
    ],
    {
      kind: 'history',
      firstRevision: 3,
      changes: [
        [
          ['a', entry],
          ['b', undefined],
        ],
        [['b', { ...entry, key: 'b', createRevision: 3, modRevision: 3 }]],
      ],
    },
  );
});

function readRecords(name: string): MemoryRecords {
  const text = fs.readFileSync(path.join(import.meta.dirname, '../test/testdata', name), 'utf8');
  return new Map(
    text
      .trim()
      .split('\n')
      .map((line) => {
        const [key = '', value = ''] = line.split(' ');
        return [key, { key: Buffer.from(key, 'hex'), value: Buffer.from(value, 'hex') }];
      }),
  );
}

test('a store of format 1 opens with what it held, and has a history from then on', async () => {
  const records = readRecords('format-1.txt');
  const open = () => openKv(createMemoryEngine(records), { clock: systemClock });
  const kept = [
    { key: 'config/web/port', value: bytes('81'), createRevision: 1, modRevision: 2, version: 2 },
    { key: 'registry/instance/web-1', value: bytes('up'), createRevision: 1, modRevision: 1, version: 1 },
    { key: 'é', value: bytes(''), createRevision: 2, modRevision: 2, version: 1 },
  ];
  {
    await using kv = await open();
    const { revision, entries } = await kv.list('');
    expect(revision).toBe(4);
    expect(entries).toMatchObject(kept);
    expect(await kv.getLease(entries[1]?.leaseId ?? '')).toMatchObject({
      ttlMs: 30_000,
      keys: ['registry/instance/web-1'],
    });
    await expect(kv.range({ start: '', revision: 3 })).rejects.toMatchObject({ details: { oldestRevision: 5 } });
    await kv.transact([{ kind: 'put', key: 'config/web/port', value: bytes('82') }]);
  }
  expect(String(Buffer.from(records.get('30666f726d6174')?.value ?? []))).toBe('2');
  await using kv = await open();
  expect(await kv.get('config/web/port')).toMatchObject({ value: bytes('82'), modRevision: 5, version: 3 });
  const stop = new AbortController();
  for await (const event of kv.watchFrom('', { fromRevision: 5, previous: true, signal: stop.signal })) {
    expect(event).toMatchObject({ revision: 5, puts: [{ version: 3 }], previous: kept.slice(0, 1) });
    stop.abort();
  }
});
