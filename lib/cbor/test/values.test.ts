// The wire form is pinned: what is on disk and what other languages have learnt to read does not change by accident.
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CborEncoder, decodeCbor } from '../src/index.ts';
import { SAMPLE_VALUES } from './sample-values.ts';

const file = path.join(import.meta.dirname, 'testdata/values.txt');
const encoder = new CborEncoder();

test('each type is written as the kept bytes, which are read as the value', () => {
  const written = Object.entries(SAMPLE_VALUES).map(
    ([name, value]) => `${name} ${encoder.encode(value).toString('hex')}`,
  );
  if (process.env['UPDATE'] === '1') fs.writeFileSync(file, `${written.join('\n')}\n`);
  const kept = fs.readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(written).toEqual(kept);
  for (const line of kept) {
    const [name = '', hex = ''] = line.split(' ');
    expect(decodeCbor(Buffer.from(hex, 'hex')), name).toStrictEqual(SAMPLE_VALUES[name]);
  }
});
