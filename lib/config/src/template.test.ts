import { OperatingError } from '@plumb/base';
import { expect, test } from 'vitest';
import type { ConfigValue, SealedValue } from './feed.ts';
import { parseTemplate, type RenderedTemplate } from './template.ts';

const sealed = (text: string): SealedValue => ({ $sealed: Buffer.from(text).toString('base64'), to: ['age1x'] });

const VALUES: Readonly<Record<string, ConfigValue>> = {
  title: 'Tip jar',
  'mail.host': 'mail.example',
  'mail.max-size': 10,
  'mail.tls': false,
  'db.password': sealed('hunter2'),
  'db.user': 'shop',
  hosts: ['a', 'b'],
  nothing: null,
};

async function render(template: string, { values = VALUES, opened = [] as string[] } = {}): Promise<RenderedTemplate> {
  return parseTemplate(template, { name: 'app.conf.liquid' }).render({
    values: new Map(Object.entries(values)),
    open: async (key, { $sealed }) => {
      opened.push(key);
      if (key.includes('foreign')) throw new OperatingError('denied', `${key} is a secret that is not for you`);
      return Buffer.from($sealed, 'base64').toString();
    },
  });
}

const fault = (template: string, values?: Readonly<Record<string, ConfigValue>>): Promise<string> =>
  render(template, values && { values }).then(
    ({ text }) => `rendered ${text}`,
    (error: unknown) => `${(error as OperatingError).code} ${(error as Error).message}`,
  );

test('a template writes values by their paths, also with hyphens, and loops and filters', async () => {
  const { text, keys, secrets } = await render(
    '{{ title }}: {{ mail.host }}:{{ mail.max-size }} tls={{ mail.tls }} [{{ nothing }}]\n' +
      '{% for host in hosts %}{{ host | upcase }};{% endfor %} {{ hosts | join: "," }} {{ hosts | json }}\n' +
      '{% if mail.user %}user{% else %}nobody{% endif %} {{ mail.port | default: 25 }}',
  );
  expect(text).toBe('Tip jar: mail.example:10 tls=false []\nA;B; a,b ["a","b"]\nnobody 25');
  expect(keys).toEqual(['hosts', 'mail.host', 'mail.max-size', 'mail.tls', 'nothing', 'title']);
  expect(secrets).toEqual([]);
});

test('a secret is opened once, when it is written, and named', async () => {
  const opened: string[] = [];
  expect(await render('{{ db.user }}', { opened })).toEqual({ text: 'shop', keys: ['db.user'], secrets: [] });
  expect(opened).toEqual([]);
  const twice = await render('{{ db.password }} {{ db["password"] | upcase }} {{ db.password | json }}', { opened });
  expect(twice).toEqual({ text: 'hunter2 HUNTER2 "hunter2"', keys: ['db.password'], secrets: ['db.password'] });
  expect(opened).toEqual(['db.password']);
  const loop = await render('{% for pair in db %}{{ pair[0] }}={{ pair[1] }};{% endfor %}');
  expect(loop).toMatchObject({ text: 'password=hunter2;user=shop;', keys: ['db.password', 'db.user'] });
  expect((await render('{{ token }}', { values: { token: sealed('top') } })).text).toBe('top');
});

test('a secret is not written in passing, and one that is for others says so with its place', async () => {
  const expected =
    'invalid app.conf.liquid:1:1: db.password is a secret: write it by its own name, not with what is around it';
  expect(await fault('{{ db | json }}')).toBe(expected);
  expect(await fault('{% for pair in db %}{{ pair[1] | upcase }}{% endfor %}')).toContain('write it by its own name');
  expect(await fault('a\n  {{ foreign }}', { foreign: sealed('x') })).toBe(
    'denied app.conf.liquid:2:6: foreign is a secret that is not for you',
  );
});

test('every fault says where it is and what to do', async () => {
  expect(await fault('a\n {{ mail.hots }}')).toBe(
    'invalid app.conf.liquid:2:5: "mail.hots" is not configured: did you mean "mail.host"?',
  );
  expect(await fault('{{ zzz }}')).toContain('"zzz" is not configured: set it, or write "| default: …" after it');
  expect(await fault('{{ title | shout }}')).toBe('invalid app.conf.liquid:1:1: undefined filter: shout');
  expect(await fault('x\n{% fi %}')).toBe('invalid app.conf.liquid:2:1: tag "fi" not found');
  expect(await fault('{{ title')).toBe('invalid app.conf.liquid:1:1: output "{{ title" not closed');
  expect(await fault('{{ hosts }}')).toContain('1:1: it is a list: write it with a filter, such as "| join: \', \'"');
  expect(await fault('{{ mail }}')).toContain('it is an object');
});

test('a key may be called like what Liquid computes, and is missing where it is not configured', async () => {
  const words: Readonly<Record<string, ConfigValue>> = { 'a.size': 'big', 'a.first': 'f', size: 7, first: 1 };
  expect((await render('{{ a.size }} {{ a.first }} {{ size }} {{ first }}', { values: words })).text).toBe('big f 7 1');
  for (const name of ['size', 'mail.size', 'first', 'mail.last']) {
    expect(await fault(`{{ ${name} }}`)).toContain(`"${name}" is not configured`);
    expect((await render(`{{ ${name} | default: "-" }}{% if ${name} %}yes{% endif %}`)).text).toBe('-');
  }
  expect((await render('{{ hosts.size }} {{ hosts.first }}{% assign size = 3 %} {{ size }}')).text).toBe('2 a 3');
});

test('a template reads no files, sees no prototypes and does not run for ever', async () => {
  expect(await fault('{% include "/etc/passwd" %}')).toBe(
    'invalid app.conf.liquid:1:1: a template cannot use other files: write it as one',
  );
  expect(await fault('{% render "x" %}')).toContain('a template cannot use other files');
  for (const name of ['constructor', '__proto__', 'toString']) {
    expect(await fault(`{{ mail.${name} }}`)).toContain(`"mail.${name}" is not configured`);
    expect(await fault(`{{ ${name} }}`)).toContain(`"${name}" is not configured`);
  }
  expect(await fault('{% for i in (1..100000000) %}{{ i }}{% endfor %}')).toContain('too large or runs for too long');
  const names: ConfigValue = { constructor: 'mine' };
  expect(await fault('{{ a.constructor }}{{ constructor }}', { 'a.constructor': 'x', ...names })).toBe(
    'rendered xmine',
  );
});
