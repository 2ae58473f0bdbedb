// Goal: another language reads what we write, and we read what it writes. Method: cbor2, Debian's for Python, reads the
// kept bytes of every type and writes what it read.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { hasRequirement } from '@plumb/testing';
import { expect, test } from 'vitest';
import { decodeCbor } from '../src/index.ts';
import { SAMPLE_VALUES } from './sample-values.ts';

/** Debian's own, which has Debian's packages. */
const PYTHON = '/usr/bin/python3';
const isThere = spawnSync(PYTHON, ['-c', 'import cbor2']).status === 0;

/** What Python has no type for stays a tag. Its whole numbers have no greatest, so small bigints come back as numbers. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  NoneType: ['null'],
  undefined_type: ['undefined'],
  bool: ['true'],
  int: ['small-number', 'negative-number', 'safe-number', 'bigint', 'negative-bigint', 'small-bigint'],
  float: ['negative-zero', 'float', 'great-float', 'nan', 'infinity'],
  str: ['text', 'long-text', 'empty-text'],
  bytes: ['bytes'],
  list: ['list'],
  dict: ['object', 'wide-object'],
  datetime: ['date'],
  set: ['set'],
  'tag-259': ['map'],
  'tag-72': ['int8'],
  'tag-69': ['uint16'],
  'tag-86': ['float64'],
  'tag-1668547075': ['error', 'operating-error', 'system-error'],
};

if (hasRequirement('python3-cbor2', 'apt-get install python3-cbor2', isThere)) {
  test('cbor2 reads every type, and what it writes of it is read as the value', () => {
    const input = fs.readFileSync(path.join(import.meta.dirname, 'testdata/values.txt'));
    const script = path.join(import.meta.dirname, 'cbor2-peer.py');
    const lines = execFileSync(PYTHON, [script], { input, encoding: 'utf8' }).trimEnd().split('\n');
    const kinds = new Map<string, string>();
    for (const line of lines) {
      const [name = '', kind = '', hex = ''] = line.split(' ');
      kinds.set(name, kind);
      const expected = name === 'small-bigint' ? 7 : SAMPLE_VALUES[name];
      expect(decodeCbor(Buffer.from(hex, 'hex')), name).toStrictEqual(expected);
    }
    expect([...kinds.keys()]).toEqual(Object.keys(SAMPLE_VALUES));
    for (const [kind, names] of Object.entries(KINDS))
      for (const name of names) expect(kinds.get(name), name).toBe(kind);
  });
}
