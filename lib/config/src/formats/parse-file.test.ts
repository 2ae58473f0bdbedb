import { expect, test } from 'vitest';
import type { FileReading } from './file-reading.ts';
import { type FileFormat, formatOfFile, parseFile, requireFormat } from './parse-file.ts';
import type { VariableOptions } from './variables.ts';

/** `path = value @line:column`, or `line:column reason`. */
async function linesOf(format: FileFormat, text: string, options: VariableOptions = {}): Promise<string[]> {
  const reading: FileReading = await parseFile(text, format, options);
  if (reading.kind === 'faults') return reading.faults.map(({ line, column, reason }) => `${line}:${column} ${reason}`);
  return [...reading.values].map(
    ([path, { value, line, column }]) => `${path} = ${JSON.stringify(value)} @${line}:${column}`,
  );
}

test('the format is known by the name of a file', () => {
  const names = ['a.yaml', 'a.YML', 'a/b.json', 'a.toml', '.env', '.env.local', 'app.env', 'a.ini', 'env'];
  expect(names.map(formatOfFile)).toEqual([
    'yaml',
    'yaml',
    'json',
    'toml',
    'dotenv',
    'dotenv',
    'dotenv',
    undefined,
    undefined,
  ]);
  expect(() => requireFormat('a.ini')).toThrow('end it in .yaml, .yml, .json, .toml, .env');
});

test('every format gives each leaf with the place of its name', async () => {
  expect(await linesOf('yaml', 'title: Tips # why not\nmail:\n  host: "mx"\n  ports: [25, 587]\n  tls:\n')).toEqual([
    'title = "Tips" @1:1',
    'mail.host = "mx" @3:3',
    'mail.ports = [25,587] @4:3',
    'mail.tls = null @5:3',
  ]);
  expect(await linesOf('json', '{\n  "a.b": {"c": [{"d": 1}], "e": {}}\n}')).toEqual([
    'a\\.b.c = [{"d":1}] @2:11',
    'a\\.b.e = {} @2:28',
  ]);
  const toml =
    'a = 1\n[b]\n"c.d" = 2 # [no]\ne = { f = """x\n[g]\n""" }\n[[h]]\ni = 1\n[h.j]\nk = 2\n[l]\nm.n = 1979-05-27\n';
  expect(await linesOf('toml', toml)).toEqual([
    'a = 1 @1:1',
    'b.c\\.d = 2 @3:1',
    'b.e.f = "x\\n[g]\\n" @4:7',
    'h = [{"i":1,"j":{"k":2}}] @7:3',
    'l.m.n = "1979-05-27" @12:3',
  ]);
  expect(await linesOf('dotenv', '\uFEFF# all\nexport MAIL__SMTP_HOST=mx # c\r\nMAIL__PORT=25\n')).toEqual([
    'mail.smtpHost = "mx" @2:8',
    'mail.port = 25 @3:1',
  ]);
});

test('a sealed value is one value in every format', async () => {
  const sealed = '{"$sealed":"YWdl","to":["age1x"]}';
  expect(await linesOf('json', `{"a":{"b":${sealed}}}`)).toEqual([`a.b = ${sealed} @1:7`]);
  expect(await linesOf('yaml', `a:\n  b: ${sealed}\n`)).toEqual([`a.b = ${sealed} @2:3`]);
  expect(await linesOf('toml', 'a.b = { "$sealed" = "YWdl", to = ["age1x"] }')).toEqual([`a.b = ${sealed} @1:3`]);
});

test('faults are placed, all that can be told, and nothing of the file is used', async () => {
  const check = async (format: FileFormat, text: string, ...faults: string[]): Promise<void> =>
    expect(await linesOf(format, text)).toEqual(faults.map((fault) => expect.stringMatching(fault)));
  await check(
    'json',
    '{"a": 1, "b": {"a": 2, "a": 3}, "b": 4}',
    '^1:24 the name "a" stands here twice',
    '^1:33 the name "b"',
  );
  await check('json', '{"a": [1, 2,]}', '^1:13 a value must stand behind ",": take the comma away');
  await check('json', '{"a" 1}', '^1:6 ":" must stand behind the name "a"');
  await check('json', '{a: 1}', '^1:2 a name in quotes must stand here');
  await check('json', '{"a": 01}', '^1:7 a value must stand here');
  await check('json', '{"a": 1} x', '^1:10 nothing may stand behind');
  await check('json', '{"a": "b\n"}', '^1:7 the text that begins here does not end on its line');
  await check('json', '{"a": "\\q"}', '^1:7 the text that begins here has a character');
  await check('json', '{"a": 12345678901234567890}', '^1:7 this is not a number that every program');
  await check('json', '{"": 1}', '^1:2 a name must not be empty');
  await check('json', '[]', '^1:1 the file must be an object');
  await check('json', '', '^1:1 the file ends where a value must stand');
  await check('json', `${'{"a":'.repeat(50)}1${'}'.repeat(50)}`, '^1:206 nested more than 40 levels deep');
  await check('yaml', 'a: [1\nb: 2\n', '^2:1 not YAML');
  await check(
    'yaml',
    'a: 1\na: 2\nb:\n  c: .inf\n',
    '^2:1 the name "a" stands here twice',
    '^4:6 this is not a number',
  );
  await check('yaml', 'a: *b\n', '^1:4 the alias \\*b has no anchor &b before it');
  await check('yaml', 'a: &b [*b]\n', '^1:8 the alias \\*b contains itself');
  await check('yaml', '- a\n', '^1:1 the file must have names');
  await check('yaml', 'a:\n\tb: 1\n', '^2:1 not YAML: tabs are not allowed as indentation');
  await check('toml', 'a = 1\nb = \n', '^2:5 not TOML');
  await check('toml', 'a = inf\n', '^1:1 this is not a number that every program can hold');
  await check(
    'dotenv',
    'A=1\nA__B=2\nA=3\nwhat\nC="open\n',
    '^2:1 A__B goes through A, which is a value: take one of the two away',
    '^3:1 A stands here twice',
    '^4:1 a line must be NAME=value',
    '^5:3 the quotes of C are not closed',
  );
});

test('no fault shows a value, which may be a secret', async () => {
  const check = async (format: FileFormat, ...texts: string[]): Promise<void> => {
    for (const text of texts) {
      const [fault = ''] = await linesOf(format, text);
      expect(fault).toMatch(/^\d+:\d+ /);
      expect(fault).not.toMatch(/hunter2|1234567890/);
    }
  };
  await check('json', '{"a": "hunter2', '{"a": "hunter2" "b"}', '{"a": 12345678901234567890}', '{"a": hunter2}');
  await check(
    'yaml',
    'a: "hunter2',
    'a: "hunter2" x',
    'a: b: hunter2',
    'a: 12345678901234567890',
    'a: !x hunter2',
    'a: ]hunter2',
  );
  await check(
    'yaml',
    '- hunter2',
    'a: [hunter2',
    'a: "\\qhunter2"',
    'hunter2',
    'a: !!int hunter2',
    'a: *hunter',
    '%hunter2\n---\na: 1',
  );
  await check('toml', 'a = "hunter2', 'a = hunter2', 'a = 12345678901234567890', 'a = "x" hunter2', 'a = "\\qhunter2"');
  await check('dotenv', 'A="hunter2', 'A="x" hunter2', "A='hunter2", 'hunter2');
});

test('a file without values is one that says nothing', async () => {
  for (const text of ['', '# nothing\n', '---\n']) expect(await linesOf('yaml', text)).toEqual([]);
  expect(await linesOf('json', '\uFEFF{}')).toEqual([]);
  expect(await linesOf('toml', '\uFEFF')).toEqual([]);
  expect(await linesOf('dotenv', '\n\n')).toEqual([]);
});

test('YAML has anchors, aliases and merge keys, and no way to make a small file large', async () => {
  expect(await linesOf('yaml', 'x: &x {a: 1, b: 2}\ny:\n  <<: [*x, {c: 3}]\n  b: 4\n')).toEqual([
    'x.a = 1 @1:8',
    'x.b = 2 @1:14',
    'y.b = 4 @4:3',
    'y.a = 1 @1:8',
    'y.c = 3 @3:13',
  ]);
  const laughs = ['a0: &a0 [1, 1]', ...Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)];
  expect((await linesOf('yaml', laughs.join('\n')))[0]).toMatch(/its aliases stand for more than 600000 values/);
  const maps = [
    'a0: &a0 {x: 1, y: 1}',
    ...Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} {x: *a${i}, y: *a${i}}`),
  ];
  expect((await linesOf('yaml', maps.join('\n')))[0]).toMatch(/its aliases stand for more than 600000 values/);
});

test('variables are paths, in four ways to write names', async () => {
  const text = 'APP_MAIL__SMTP_HOST=mx\nOTHER=1\nAPP_maxItems=3\n';
  const check = async (options: VariableOptions, ...lines: string[]): Promise<void> =>
    expect(
      (await linesOf('dotenv', text, { prefix: 'APP_', ...options })).map((line) => line.replace(/ @.*/, '')),
    ).toEqual(lines);
  await check({}, 'mail.smtpHost = "mx"', 'maxItems = 3');
  await check({ nameCase: 'snake' }, 'mail.smtp_host = "mx"', 'max_items = 3');
  await check({ nameCase: 'kebab' }, 'mail.smtp-host = "mx"', 'max-items = 3');
  await check({ nameCase: 'lower' }, 'mail.smtp_host = "mx"', 'maxitems = 3');
  expect(await linesOf('dotenv', 'MAIL.SMTP_HOST=mx\n', { separator: '.' })).toEqual(['mail.smtpHost = "mx" @1:1']);
});

test('a text is what it looks like, unless it was quoted or would not survive', async () => {
  const values = async (...texts: string[]): Promise<string[]> =>
    (await linesOf('dotenv', texts.map((text, i) => `V${i}=${text}`).join('\n'))).map((line) =>
      line.replace(/^.* = | @.*$/g, ''),
    );
  expect(await values('true', 'false', 'True', '25', '-1.5', '1e3', '025', '"25"', "'a\\n'", '"a\\n$x"', '')).toEqual([
    'true',
    'false',
    '"True"',
    '25',
    '-1.5',
    '1000',
    '"025"',
    '"25"',
    '"a\\\\n"',
    '"a\\n$x"',
    '""',
  ]);
  expect(await values('12345678901234567890', '1e999', 'a#b', 'a #b', '#b', '`a "b"`', '"a\nb"')).toEqual([
    '"12345678901234567890"',
    '"1e999"',
    '"a#b"',
    '"a"',
    '""',
    '"a \\"b\\""',
    '"a\\nb"',
  ]);
});

test('names from 0 on are a list, unless the name above ends in #map', async () => {
  const text = 'L__1=b\nL__0=a\nM#map__0=a\nG__0=a\nG__2=c\nO__0__NAME=x\nO__0__TAGS__0=y\n';
  expect(await linesOf('dotenv', text)).toEqual([
    'l = ["a","b"] @1:1',
    'm.0 = "a" @3:1',
    'g.0 = "a" @4:1',
    'g.2 = "c" @5:1',
    'o = [{"name":"x","tags":["y"]}] @6:1',
  ]);
});
