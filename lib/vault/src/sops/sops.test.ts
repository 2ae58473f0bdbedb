// The files of test/testdata/sops were made by sops 3.9.4 itself; make.sh there tells how.
import { OperatingError, systemClock } from '@plumb/base';
import { createFakeClock } from '@plumb/testing';
import fs from 'node:fs/promises';
import { expect, test } from 'vitest';
import { generateIdentity, recipientOf } from '../identity.ts';
import { decryptSops, readSops } from './read-sops.ts';
import { sopsFormatOf } from './sops-format.ts';
import { encryptSops, updateSops, writeSops } from './write-sops.ts';

const FOLDER = new URL('../../test/testdata/sops/', import.meta.url);
const load = (name: string): Promise<string> => fs.readFile(new URL(name, FOLDER), 'utf8');
const loadKey = async (name: string): Promise<string> => /^AGE-SECRET-KEY-.*$/m.exec(await load(name))?.[0] ?? '';
const identity = await loadKey('key.txt');
const identities = [identity];
const recipients = [await recipientOf(identity)];
const clock = systemClock;

test('what sops encrypted is read, with places, in every format', async () => {
  const yaml = await readSops(await load('all.enc.yaml'), { format: 'yaml', identities });
  expect(yaml.values).toEqual({
    database: {
      host: 'db.example.org',
      port: 5_432,
      ratio: 0.25,
      tls: true,
      nothing: null,
      empty: '',
      list: ['a', 1, { deep: 'x', count: 1.5 }, ['nested']],
      hex: 31,
      octal: 493,
      grouped: 1_000,
      sci: 1_000,
      large: '9007199254740993',
      quoted: '5432',
      yes: 'yes',
      unicode: 'grün',
      emptymap: {},
      emptylist: [],
      plain_unencrypted: 16,
    },
    'key with spaces': "it's",
  });
  expect(yaml.recipients).toEqual(recipients);
  expect(yaml.positions.get('database.host')).toEqual({ line: 5, column: 5 });
  expect(yaml.positions.get('database.list[1]')).toEqual({ line: 15, column: 11 });
  expect(yaml.positions.get('database.list[2].count')).toEqual({ line: 17, column: 11 });

  const json = await readSops(await load('all.enc.json'), {
    format: 'json',
    identities: [await loadKey('second.txt')],
  });
  expect(json.values).toEqual(JSON.parse(await load('all.json')));
  expect(json.recipients).toHaveLength(2);
  expect(json.positions.get('count')).toEqual({ line: 3, column: 2 });

  const dotenv = await readSops(await load('all.enc.env'), { format: 'dotenv', identities });
  expect(dotenv.values).toEqual({
    A: '1',
    B: 'two words',
    C: 'first\nsecond',
    EMPTY: '',
    D: '"quoted"',
    E_unencrypted: 'seen',
  });
  expect(dotenv.positions.get('B')).toEqual({ line: 3, column: 1 });

  const binary = await readSops(await load('all.enc.bin'), { format: 'binary', identities });
  expect(binary.values['data']).toEqual(Uint8Array.from(await fs.readFile(new URL('all.bin', FOLDER))));
});

test('the text is decrypted as sops decrypts it, with its comments, by every rule that it has', async () => {
  for (const name of ['yaml', 'json', 'env']) {
    const file = `all.enc.${name}`;
    const format = sopsFormatOf(file) as 'yaml' | 'json' | 'dotenv';
    // The metadata at the end leaves a line break where sops leaves none.
    const text = await decryptSops(await load(file), { format, identities });
    expect(text.trimEnd(), file).toBe((await load(`all.dec.${name}`)).trimEnd());
  }
  const plain = await load('rules.yaml');
  for (const rule of RULES) {
    expect(await decryptSops(await load(`${rule}.enc.yaml`), { format: 'yaml', identities }), rule).toBe(plain);
  }
});

const RULES = [
  'encrypted-regex',
  'unencrypted-regex',
  'encrypted-suffix',
  'unencrypted-suffix',
  'encrypted-comment',
  'unencrypted-comment',
  'mac-only',
];

test('a file that sops encrypted is changed by its rules, and only what changed is written anew', async () => {
  for (const rule of RULES) {
    const text = await load(`${rule}.enc.yaml`);
    const plain = await decryptSops(text, { format: 'yaml', identities });
    const changed = await updateSops(text, plain.replace('three', 'changed'), { format: 'yaml', identities, clock });
    expect(await decryptSops(changed, { format: 'yaml', identities })).toBe(plain.replace('three', 'changed'));
    const before = text.split('\n');
    const different = changed.split('\n').filter((line, i) => line !== before[i]);
    // The value, the time and the MAC; a pattern that sops leaves without quotes is quoted.
    const names = different.map((line) => line.trim().split(':')[0]).filter((name) => !name?.includes('regex'));
    expect(names, rule).toEqual(['password', 'lastmodified', 'mac']);
  }
});

test('what is written is read again, in every format, and comments, order and blank lines stay', async () => {
  for (const name of ['all.yaml', 'all.json', 'all.env']) {
    const plain = await load(name);
    const format = sopsFormatOf(name) as 'yaml' | 'json' | 'dotenv';
    const text = await encryptSops(plain, { format, recipients, clock });
    for (const secret of ['db.example', 'the host', 'nested', 'two words', 'a key like'])
      expect(text).not.toContain(secret);
    const again = await readSops(text, { format, identities });
    const { values } = await readSops(await load(name.replace('.', '.enc.')), { format, identities });
    expect(again.values).toEqual(values);
    const decrypted = await decryptSops(text, { format, identities });
    const comments = (given: string): readonly string[] => given.match(/# .*/g) ?? [];
    expect(comments(decrypted)).toEqual(comments(plain));
    expect(decrypted.split('\n').length).toBe(plain.split('\n').length + (format === 'json' ? 1 : 0));
  }
  const data = Uint8Array.from({ length: 256 }, (_, i) => i);
  const binary = await writeSops({ data }, { format: 'binary', recipients, clock });
  expect((await readSops(binary, { format: 'binary', identities })).values).toEqual({ data });
});

test('the parts of YAML that need care are encrypted and come back', async () => {
  const check = async (plain: string, expected: string): Promise<void> => {
    const text = await encryptSops(plain, { format: 'yaml', recipients, clock });
    expect(text).not.toMatch(/secret/);
    expect(await decryptSops(text, { format: 'yaml', identities })).toBe(expected);
  };
  await check('a: |\n  secret\n  two\nb: 1\n', 'a: "secret\\ntwo\\n"\nb: 1\n');
  await check('a: |- # secret why\n  secret\n\n\nb: 1\n', 'a: secret # secret why\n\n\nb: 1\n');
  await check('a: >\n  secret\n  two\n', 'a: "secret two\\n"\n');
  await check('{a: secret, b: [{c: secret}]}\n', '{a: secret, b: [{c: secret}]\n}\n');
  await check('{}', '{}');
  await check('---\n  a: secret\n  b: secret\n...\n', '---\n  a: secret\n  b: secret\n...\n');
  await check('a:\n- secret\n# secret\n-  secret # secret\n', 'a:\n- secret\n# secret\n-  secret # secret\n');
  await check('a: "secret\n  folded"\n', 'a: secret folded\n');
  await check('a: secret\r\nb: secret # secret\r\n', 'a: secret\r\nb: secret # secret\r\n');
  await check('a: .inf\nb: -.inf\nc: .nan\nd: 1e25\n', 'a: .inf\nb: -.inf\nc: .nan\nd: 1e+25\n');
  await check('#\n#secret\na: secret', '#\n#secret\na: secret\n');
});

test('what SOPS does not keep is refused with its place, and not quoted', async () => {
  const check = async (format: 'yaml' | 'json' | 'dotenv', plain: string, says: string): Promise<void> => {
    const error = await caught(encryptSops(plain, { format, recipients, clock }));
    expect(error.code).toBe('invalid');
    expect(error.message).toContain(says);
    expect(error.message).not.toContain('hunter2');
    expect(error.cause).toBeUndefined();
  };
  await check('yaml', 'a: &x hunter2\nb: *x\n', 'line 1, column 7: SOPS keeps no anchors and aliases');
  await check('yaml', 'a: !!str hunter2\n', 'SOPS keeps no tags');
  await check('yaml', 'a: 2020-01-02\n', 'line 1, column 4: SOPS keeps no dates: put it in quotes');
  await check('yaml', 'a: 1\n---\nb: hunter2\n', 'there is more than one document');
  await check('yaml', '- hunter2\n', 'line 1, column 1: a file of SOPS is a map');
  await check('yaml', 'hunter2', 'a file of SOPS is a map');
  await check('yaml', '', 'a file of SOPS is a map');
  await check('yaml', '1: hunter2\n', 'line 1, column 1: the key 1 is no text: put it in quotes');
  await check('yaml', '[a]: hunter2\n', 'a key is a map or list');
  await check('yaml', 'a: 1\na: hunter2\n', 'line 2, column 1: this is not YAML (duplicate key)');
  await check('yaml', 'a: "hunter2\n', 'this is not YAML');
  await check('yaml', 'a: hunter2: b\n', 'this is not YAML');
  await check('yaml', 'sops: hunter2\n', 'sops is no map');
  await check('yaml', 'sops: {}\na: hunter2\n', 'the file has a sops part');
  await check('yaml', `a: ${'['.repeat(200)}${']'.repeat(200)}`, 'nested more than 128 deep');
  await check('json', '{"a": "hunter2",}', 'line 1, column 17: a key in double quotes belongs here');
  await check('json', '{"a": hunter2}', 'line 1, column 7: a value of JSON belongs here');
  await check('json', '{"a": "hunter2\n"}', 'an escape that JSON has not, or a line break');
  await check('json', '{"a": 1, "a": "hunter2"}', 'line 1, column 10: this key is there twice');
  await check('json', '{"a": 1} hunter2', 'there is text after the end');
  await check('json', '["hunter2"]', 'a file of SOPS is an object');
  await check('json', '{"a": 1', 'a } belongs here');
  await check('dotenv', 'A=1\nhunter2\n', 'line 2, column 1: a line is KEY=value');
});

test('values that a format cannot hold are refused with their path', async () => {
  const check = async (values: object, format: 'yaml' | 'dotenv' | 'binary', says: string): Promise<void> => {
    await expect(writeSops(values as never, { format, recipients, clock })).rejects.toThrow(says);
  };
  await check({ a: [{ b: undefined }] }, 'yaml', 'a[0].b was not written: a undefined cannot be written');
  await check({ a: NaN }, 'yaml', 'a was not written');
  await check({ a: '\ud800' }, 'yaml', 'a was not written');
  await check({ a: new Uint8Array(1) }, 'yaml', 'a was not written: it is bytes');
  await check({ a: { b: 1 } }, 'dotenv', 'a was not written: a line of dotenv holds text');
  await check({ 'a=b': 1 }, 'dotenv', 'a=b was not written');
  await check({ a: 'c:\\new' }, 'dotenv', 'a was not written: dotenv reads a backslash before n as a line break');
  await check({ a: 1 }, 'binary', 'a binary file has one value, data');
});

test('files that cannot be trusted or read are refused with what to do', async () => {
  const text = await load('all.enc.yaml');
  const read = (given: string, key = identity): Promise<unknown> =>
    readSops(given, { format: 'yaml', identities: [key] });
  const check = async (given: string, says: string): Promise<void> => {
    expect(given).not.toBe(text);
    const error = await caught(read(given));
    expect(error).toMatchObject({ code: 'invalid', message: expect.stringContaining(says) });
  };
  await expect(read(text, await generateIdentity())).rejects.toMatchObject({
    code: 'denied',
    message: `the SOPS file is for ${recipients[0]?.slice(0, 12)}…, and none of the keys at hand is among them`,
  });
  const value = (name: string): string => new RegExp(`^ *${name}: (ENC.*)$`, 'm').exec(text)?.[1] ?? '';
  const [host, port] = [value('host'), value('port')];
  await check(text.replace(host, port), 'line 5, column 11: database.host: the value was changed, or moved here');
  await check(text.replace(host, 'db.example.org'), 'database.host: by the rules of the file this is encrypted');
  await check(text.replace(host, '""'), 'its MAC does not fit');
  await check(text.replace(/^ *host:.*\n/m, ''), 'its MAC does not fit');
  await check(
    text.replace('0x10', '17').replace('plain_unencrypted: 16', 'plain_unencrypted: 17'),
    'its MAC does not fit',
  );
  await check(text.replace(/lastmodified: "20/, 'lastmodified: "19'), 'its MAC does not fit');
  await check(text.replace(/ {4}mac: .*\n/, ''), 'it has no MAC');
  await check(text.replace(/ {4}mac: .*\n/, '    mac: ""\n'), 'it has no MAC');
  await check(text.replace(/ {4}mac: .*\n/, `    mac: ${host}\n`), 'its MAC does not fit');
  await check(
    text.replace('unencrypted_suffix', 'encrypted_suffix'),
    'database.plain_unencrypted: by the rules of the file',
  );
  await check(
    text.replace('_unencrypted\n    version', '"x"\n    encrypted_regex: y\n    version'),
    'keep one of them',
  );
  await check(
    text.replace('unencrypted_suffix: _unencrypted', 'encrypted_regex: "("'),
    'not a regular expression of RE2',
  );
  await check(text.replace('    pgp: []', '    key_groups: [{age: []}]'), 'key_groups (Shamir)');
  await check(
    text.replace(/ {4}age:\n[^]*?-----END.*\n/, '    age: []\n').replace('pgp: []', 'pgp: [{fp: x}]'),
    'is encrypted for pgp and not for age',
  );
  await check(text.replace(/^sops:[^]*/m, ''), 'the file has no sops part');
  await check(text.replace(/(BEGIN AGE.*\n *)\w/, '$1!'), 'armor of an age file is damaged');
  await expect(read('#'.repeat(5_000_000))).rejects.toMatchObject({ code: 'exhausted' });
});

test('a file gets other readers under another data key', async () => {
  const text = await load('all.enc.yaml');
  const plain = await decryptSops(text, { format: 'yaml', identities });
  const other = await generateIdentity();
  const clock = createFakeClock();
  const options = { format: 'yaml', identities, clock, recipients: [await recipientOf(other)] } as const;
  const again = await updateSops(text, plain, options);
  await expect(readSops(again, { format: 'yaml', identities })).rejects.toMatchObject({ code: 'denied' });
  const read = await readSops(again, { format: 'yaml', identities: [other] });
  expect(read.values).toEqual((await readSops(text, { format: 'yaml', identities })).values);
  expect(read.lastModified).toBe(new Date(clock.now()).toISOString().replace(/\.\d+/, ''));
  const same = again.split('\n').filter((line) => line.includes('ENC[') && text.includes(line));
  expect(same).toEqual([]);
});

test('the format is told from the name of a file', () => {
  expect(['a.yaml', 'b.YML', 'c.json', '.env', 'd.env', 'e.pem'].map(sopsFormatOf)).toEqual([
    'yaml',
    'yaml',
    'json',
    'dotenv',
    'dotenv',
    'binary',
  ]);
});

async function caught(promise: Promise<unknown>): Promise<OperatingError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof OperatingError) return error;
  throw new Error(`expected an OperatingError, not ${String(error)}`);
}
