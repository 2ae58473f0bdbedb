// Configuration as people use it in a terminal, with a real plumbd and a program that says what it has.
import { openTemporaryDirectory, until } from '@plumb/testing';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CLI, type CommandResult, type PlumbProcess, runPlumb, startPlumb } from './src/plumb-process.ts';

const LIBRARY = fileURLToPath(new URL('../lib/config/src/index.ts', import.meta.url));

/** Says its values; the secret one too, which is for this test only. */
const PROGRAM = `
import { createServer } from 'node:http';
import { openConfig } from ${JSON.stringify(LIBRARY)};
const config = await openConfig({ environment: process.env });
createServer(async (request, response) => {
  const password = config.exists('db.password') ? await config.secret('db.password').reveal().catch(String) : null;
  response.end(JSON.stringify({ title: config.get('title'), host: config.get('mail.host') ?? null, password }));
}).listen(process.env.PORT, process.env.HOST);
`;

const MANIFEST = `plumb: 1
name: shop
processes:
  web:
    command: node server.mjs
    port: auto
    files: [{ template: web.liquid, to: run/web.conf, reload: none }]
config: { title: from the manifest }
environments: { live: {} }
`;

type Person = (...words: string[]) => Promise<CommandResult>;

/** The operator, with a home of their own, in the folder of the application. */
function operator(dataDirectory: string, home: string): Person {
  const env = { HOME: home, XDG_CONFIG_HOME: '', PLUMB_APPLICATION: 'shop' };
  return (...words) => runPlumb(['config', ...words, '--data', dataDirectory], env);
}

/** Somebody with a token of their own. */
async function colleague(plumb: PlumbProcess, name: string, home: string): Promise<Person> {
  const { out } = await plumb.run('token', 'create', name, 'config:*', 'identity:read');
  const env = {
    HOME: home,
    XDG_CONFIG_HOME: '',
    PLUMB_APPLICATION: 'shop',
    PLUMB_RPC: plumb.doors.rpc[0] ?? '',
    PLUMB_TOKEN: out.trim(),
  };
  return (...words) => runPlumb(['config', ...words], env);
}

test(
  'a team configures an application by hand, from the first value to a rendered file',
  { timeout: 240_000 },
  async () => {
    await using data = await openTemporaryDirectory();
    await using folder = await openTemporaryDirectory();
    await using homes = await openTemporaryDirectory();
    const file = (name: string): string => path.join(folder.path, name);
    await fs.writeFile(file('plumb.yaml'), MANIFEST);
    await fs.writeFile(file('server.mjs'), PROGRAM);
    await fs.writeFile(file('web.liquid'), '{{ title }}:{{ db.password | default: "none" }}');
    await using plumb = await startPlumb({ dataDirectory: data.path });
    expect(await plumb.run('deploy', folder.path, '-e', 'live')).toMatchObject({ code: 0 });
    const ada = operator(data.path, path.join(homes.path, 'ada'));
    const bob = await colleague(plumb, 'bob', path.join(homes.path, 'bob'));
    const [application] = await plumb.services.deploy.status({});
    const url = application?.units[0]?.url ?? '';
    const page = async (): Promise<unknown> => (await fetch(url)).json();
    const shows = (expected: object): Promise<boolean> =>
      until(`the program has ${JSON.stringify(expected)}`, async () => {
        expect(await page()).toMatchObject(expected);
        return true;
      });
    const done = async (asked: Promise<CommandResult>, expected: string | RegExp = ''): Promise<CommandResult> => {
      const result = await asked;
      expect(`${result.out}${result.err}`).toMatch(expected);
      expect(result.code, result.err).toBe(0);
      return result;
    };
    const failed = async (asked: Promise<CommandResult>, code: number, expected: string | RegExp): Promise<void> => {
      const result = await asked;
      expect(result.err).toMatch(expected);
      expect(result.code, result.err).toBe(code);
    };

    // A value, and what it was before.
    await shows({ title: 'from the manifest' });
    await done(ada('set', 'shop.title', 'Tip jar', '--comment', 'spring'), 'shop.title is now at revision');
    await shows({ title: 'Tip jar' });
    await done(ada('explain', 'shop.title'), /→ common +Tip jar/);
    const own = (): Promise<string> => fs.readFile(file('run/web.conf'), 'utf8');
    await until('the file that the manifest gives it has it too', async () => (await own()) === 'Tip jar:none');
    await done(ada('convergence', '--wait'), '● converged');

    // A schema, a file with many values, and back.
    await fs.writeFile(
      file('schema.yaml'),
      'properties:\n  mail: { properties: { host: { type: string, minLength: 2 } } }\n',
    );
    await done(ada('schema', 'set', file('schema.yaml')));
    await failed(ada('set', 'shop.mail.host', '7'), 1, /mail\.host \(common\): must be string/);
    await failed(ada('set', 'shop.mail.host'), 2, 'VALUE is missing');
    await fs.writeFile(file('values.yaml'), 'title: Open\nmail:\n  host: mail.example\n');
    const { revision } = await plumb.services.config.snapshot({ application: 'shop' });
    await done(ada('apply', file('values.yaml')), '2 values of shop in common changed at revision');
    await shows({ title: 'Open', host: 'mail.example' });
    await done(ada('rollback', String(revision), '--dry-run'), '- mail.host');
    await done(ada('rollback', String(revision), '--yes'), `is back at revision ${revision}`);
    await shows({ title: 'Tip jar', host: null });
    await done(ada('log'), /revision \d+ +operator/);

    // A secret, which the program and its author can read, and a colleague once it is sealed for him too.
    await done(ada('keys', 'create'), 'what is sealed from now on is sealed for operator too');
    await fs.writeFile(file('password'), 'hunter2\n');
    await done(ada('set', 'shop.db.password', '--secret', '--file', file('password')), 'is now at revision');
    await shows({ password: 'hunter2' });
    await until('its file has the secret too', async () => (await own()) === 'Tip jar:hunter2');
    expect((await done(ada('list', 'shop'), '[secret]')).out).not.toContain('hunter2');
    expect((await done(ada('get', 'shop.db.password', '--reveal'))).out).toBe('hunter2\n');
    await failed(bob('get', 'shop.db.password', '--reveal'), 1, 'you have no key to open secrets with');
    await done(bob('keys', 'create'));
    await failed(bob('get', 'shop.db.password', '--reveal'), 1, 'not for you');
    await done(ada('who-can-read', 'shop'), /db\.password +common +application:shop, operator +bob/);
    await done(ada('rekey', 'shop'), '1 secret is sealed again');
    expect((await done(bob('get', 'shop.db.password', '--reveal'))).out).toBe('hunter2\n');
    await shows({ password: 'hunter2' });

    // Two persons.
    await done(ada('protect', 'shop', 'live'));
    const proposed = await done(ada('set', 'shop.title', 'Closed'), 'waits for a second person');
    const [, id = ''] = /proposed as (\S+)/.exec(proposed.out) ?? [];
    await failed(ada('approve', id, '--yes'), 1, /.+/);
    await failed(bob('approve', id), 1, 'say --yes');
    await done(bob('approve', id, '--yes'), 'is in force at revision');
    await shows({ title: 'Closed' });
    await done(ada('unprotect', 'shop', 'live'));

    // Files of others, and a program that only reads files.
    await done(ada('export', 'dotenv', '--out', file('.env')), 'secrets are left out');
    expect(await fs.readFile(file('.env'), 'utf8')).toBe('TITLE=Closed\n');
    await fs.writeFile(file('.env'), 'TITLE=Imported\n');
    await done(ada('import', 'dotenv', file('.env')), '1 value of shop in common is in force');
    await shows({ title: 'Imported' });
    await rendered(ada, { data: data.path, home: path.join(homes.path, 'ada'), file });
  },
);

/** `config render --watch` follows a change, tells its program, and ends well. */
async function rendered(
  ada: Person,
  { data, home, file }: { readonly data: string; readonly home: string; readonly file: (name: string) => string },
): Promise<void> {
  await fs.writeFile(file('app.liquid'), '{{ title }}:{{ db.password }}');
  const reload = `cat ${file('app.conf')} >> ${file('seen')}; echo >> ${file('seen')}`;
  const words = ['config', 'render', file('app.liquid'), file('app.conf'), '-a', 'shop', '--watch', '--reload', reload];
  const child = spawn(process.execPath, [CLI, ...words, '--data', data], {
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: '', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  try {
    const seen = (): Promise<string> => fs.readFile(file('seen'), 'utf8');
    await until('the file is there', async () => (await seen()) === 'Imported:hunter2\n');
    expect((await fs.stat(file('app.conf'))).mode & 0o777).toBe(0o600);
    expect((await ada('set', 'shop.title', 'Rendered')).code).toBe(0);
    await until('the program is told of the new file', async () => (await seen()).endsWith('Rendered:hunter2\n'));
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}
