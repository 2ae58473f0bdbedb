import { OperatingError } from '@plumb/base';
import { expect, test } from 'vitest';
import type { Fault, Manifest } from './manifest.ts';
import { parseManifest } from './parse-manifest.ts';

const HEAD = 'plumb: 1\nname: tipjar\n';
const WEB = `${HEAD}processes:\n  web:\n    command: node web.js\n`;

function parse(text: string, environment?: string): Manifest {
  return parseManifest(text, { file: 'plumb.yaml', environment });
}

function failure(text: string, environment?: string): OperatingError {
  try {
    parse(text, environment);
  } catch (error) {
    if (error instanceof OperatingError && error.code === 'invalid') return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** The message of a manifest that must be refused. */
function refusal(text: string, environment?: string): string {
  return failure(text, environment).message;
}

test('six lines are enough', () => {
  const text = 'plumb: 1\nname: hello\nprocesses:\n  web:\n    command: node web.js\n    port: auto\n';
  expect(parse(text)).toEqual({
    name: 'hello',
    description: undefined,
    owner: undefined,
    repository: undefined,
    links: {},
    tags: [],
    environment: 'default',
    environments: [],
    processes: {
      web: {
        command: ['node', 'web.js'],
        port: 'auto',
        protocol: 'http',
        readinessProbe: { kind: 'tcp', path: '/', periodMs: 1_000, timeoutMs: 1_000 },
        metrics: undefined,
        needs: [],
        uses: [],
        env: {},
        files: [],
        stopGraceMs: 10_000,
      },
    },
    chains: {},
    config: {},
  });
});

test('everything that can be written is read', () => {
  const manifest = parse(`plumb: 1
name: tipjar
description: Tips on a chain
owner: Payments team
repository: git@example.com:payments/tipjar.git
links: { Runbook: "https://example.com/runbook?of=tipjar" }
tags: [public, money, public]
x-team: payments
processes:
  web:
    command: [node, --no-warnings, src/web.ts]
    port: 8080
    readinessProbe:
      httpGet: { path: /ready }
      periodSeconds: 0.5
      timeoutSeconds: 2
    metrics: /metrics
    needs: { eth: ready }
    uses: [ledger-api, ledger-api]
    env:
      RPC: \${chains.eth.url}
      SELF: http://localhost:\${processes.web.port}/
      RETRIES: 3
      VERSION: 1.0
      DEBUG: true
      PRICE: $\${5}
    files:
      - { template: web.ini.liquid, to: run/web.ini, reload: HUP }
      - { template: b.liquid, to: b.conf }
    stopGracePeriod: 1m30s
  worker: { command: sleep 5, needs: [web, eth, eth], x-note: free }
  api: { command: node api.js, port: auto, protocol: rpc }
chains:
  eth: { kind: ethereum, network: dev }
config:
  title: Tip jar
  mail: { host: localhost, to: [a@x.org, b@x.org] }
  mail.port: 25
`);
  expect(manifest.processes['web']).toEqual({
    command: ['node', '--no-warnings', 'src/web.ts'],
    port: 8080,
    protocol: 'http',
    readinessProbe: { kind: 'http', path: '/ready', periodMs: 500, timeoutMs: 2_000 },
    metrics: '/metrics',
    needs: ['eth'],
    uses: ['ledger-api'],
    env: {
      RPC: '${chains.eth.url}',
      SELF: 'http://localhost:${processes.web.port}/',
      RETRIES: '3',
      VERSION: '1.0',
      DEBUG: 'true',
      PRICE: '$${5}',
    },
    files: [
      { template: 'web.ini.liquid', to: 'run/web.ini', reload: 'SIGHUP' },
      { template: 'b.liquid', to: 'b.conf', reload: 'restart' },
    ],
    stopGraceMs: 90_000,
  });
  expect(manifest.processes['worker']).toMatchObject({
    needs: ['web', 'eth'],
    port: undefined,
    readinessProbe: undefined,
  });
  expect(manifest.processes['api']).toMatchObject({ protocol: 'rpc', readinessProbe: { kind: 'tcp' } });
  expect(manifest).toMatchObject({
    description: 'Tips on a chain',
    owner: 'Payments team',
    repository: 'git@example.com:payments/tipjar.git',
    links: { Runbook: 'https://example.com/runbook?of=tipjar' },
    tags: ['public', 'money'],
  });
  expect(manifest.chains).toEqual({ eth: { kind: 'ethereum', network: 'dev', port: 'auto' } });
  expect(manifest.config).toEqual({
    title: 'Tip jar',
    'mail.host': 'localhost',
    'mail.to': ['a@x.org', 'b@x.org'],
    'mail.port': 25,
  });
});

test("an application may not take Plumb's own name, whose configuration it would be given", () => {
  const error = failure('plumb: 1\nname: plumb\nprocesses: { web: { command: node web.js } }\n');
  expect(error.message).toBe('plumb.yaml:2:7: "plumb" is the name of Plumb itself: choose another');
});

test('every fault is told at once, in the order of the file, as text and as data', () => {
  const error = failure(`plumb: 1
name: Tip Jar
proceses:
  web: {}
processes:
  web:
    comand: node web.js
    port: 70000
    needs: { eth: runing }
`);
  expect(error.message).toMatchInlineSnapshot(`
    "plumb.yaml:2:7: "Tip Jar" is no name of an application: a name has 1 to 63 lower-case letters, digits and inner hyphens, like "tip-jar"
    plumb.yaml:3:1: unknown key "proceses": did you mean "processes"?
    plumb.yaml:7:5: unknown key "comand": did you mean "command"?
    plumb.yaml:7:5: "command" is missing: write the program and its arguments, like "node server.js"
    plumb.yaml:8:11: a port is a number from 1 to 65535, or auto for any free one, not the number 70000
    plumb.yaml:9:19: what is needed of a component is ready, not the text "runing"
    plumb.yaml:9:19: web needs "eth", which is neither a process nor a chain here"
  `);
  const faults = error.details?.['faults'] as Fault[];
  expect(faults).toHaveLength(7);
  expect(faults[2]).toEqual({
    file: 'plumb.yaml',
    line: 7,
    column: 5,
    path: 'processes.web.comand',
    message: 'unknown key "comand": did you mean "command"?',
  });
});

test('a key that is not known is refused with the nearest that is, or with all of them', () => {
  const check = (text: string, expected: string): void => expect(refusal(text)).toContain(expected);
  check(`${WEB}    reddinessProbe: {}\n`, '6:5: unknown key "reddinessProbe": did you mean "readinessProbe"?');
  check(`${WEB}    readinessProbe: { htpGet: / }\n`, 'unknown key "htpGet": did you mean "httpGet"?');
  check(`${WEB}zzz: 1\n`, '6:1: unknown key "zzz": known here are plumb, name, description, owner');
  check(`${WEB}chains: { eth: { kind: ethereum, netwrk: dev } }\n`, 'did you mean "network"?');
  check(`${WEB}environments: { dev: { proceses: {} } }\n`, '6:24: unknown key "proceses": did you mean "processes"?');
  check(`${WEB}environments: { dev: { name: other } }\n`, 'unknown key "name": known here are description,');
});

test('a key of a later version is refused with that reason', () => {
  const check = (text: string): void => expect(refusal(text)).toContain('is not supported by this version');
  for (const key of ['signers', 'pipelines', 'resources', 'rollout', 'backup']) check(`${WEB}${key}: {}\n`);
  check(`${WEB}    livenessProbe: {}\n`);
  check(`${WEB}    readinessProbe: { httpGet: /, initialDelaySeconds: 1 }\n`);
  check(`${WEB}environments: { dev: { rollout: {} } }\n`);
});

test('the version comes first', () => {
  const check = (text: string, expected: string): void => expect(refusal(text)).toContain(expected);
  check('', '1:1: "plumb" is missing: write "plumb: 1"');
  check('name: x\nprocesses: { a: { command: b } }\n', '1:1: "plumb" is missing');
  check('plum: 1\nname: x\n', '1:1: unknown key "plum": did you mean "plumb"?');
  check('plumb: 2\nwhatever: 1\n', '1:8: this Plumb reads version 1 of the manifest: write "plumb: 1"');
  check('plumb: "1"\n', '1:8: this Plumb reads version 1');
  check('just text', 'a manifest is a map of keys and values');
  check('- 1', 'a manifest is a map of keys and values');
});

test('what must be there is asked for', () => {
  const check = (text: string, expected: string): void => expect(refusal(text)).toContain(expected);
  check('plumb: 1\n', '"name" is missing');
  check('plumb: 1\n', 'there is nothing to run');
  check(`${HEAD}processes: {}\n`, 'there is nothing to run');
  check(`${HEAD}processes:\n`, '3:11: processes is empty');
  check(`${HEAD}processes: { web: {} }\n`, '"command" is missing');
  check(`${HEAD}processes: { web: }\n`, 'a process is empty');
  check(`${HEAD}chains: { eth: {} }\n`, '"kind" is missing');
  check(`${HEAD}chains: { eth: {} }\n`, '"network" is missing');
});

test('a value of the wrong kind is named with what stands there', () => {
  const check = (lines: string, expected: string): void => expect(refusal(WEB + lines)).toContain(expected);
  check('    port: "80"\n', '6:11: a port is a number from 1 to 65535, or auto for any free one, not the text "80"');
  check('    port: 0\n', 'not the number 0');
  check('    port: 80.5\n', 'not the number 80.5');
  check('    port: [80]\n', 'not a list');
  check('    port: yes\n', 'not the text "yes"');
  check('    port: true\n', 'not the truth value true');
  check('    port:\n', 'not nothing');
  check('    env: [A=1]\n', 'env is a map of keys and values, not a list');
  check('    env: { A: }\n', 'the variable A has no value: write "" for an empty one');
  check('    env: { A: {} }\n', 'the variable A is text, not a map');
  check('    env: { A-B: x }\n', '"A-B" is no name of an environment variable');
  check('    env: { PORT: 1 }\n', '"PORT" is set by Plumb for every process');
  check('    env: { PLUMB_TOKEN: 1 }\n', '"PLUMB_TOKEN" is set by Plumb');
  check('    env: { A: "a\\0b" }\n', 'the variable A holds a NUL character');
  check('    files: app.conf\n', 'files is a list, like [{ template: app.liquid, to: app.conf }], not the text');
  check('    files: [{ template: a }]\n', '"to" is missing: write the file to write, like run/app.conf');
  check('    files: [{ template: a, to: ../b }]\n', 'to is a path below this folder, like run/app.conf, not "../b"');
  check('    files: [{ template: /etc/a, to: b }]\n', 'template is a path below this folder');
  check('    files: [{ template: a, to: a }]\n', '"a" would be written over its own template');
  check('    files: [{ template: a, to: c }, { template: b, to: c }]\n', '"c" is written twice');
  check('    files: [{ template: a, to: b, reload: SIGHUP }]\n', 'reload is restart or none or HUP or USR1 or USR2');
  check('    files: [{ template: a, to: b, relaod: HUP }]\n', 'did you mean "reload"?');
  check('    port: auto\n    metrics: metrics\n', 'metrics is a path that begins with "/"');
  check('    port: auto\n    metrics: "/a b"\n', 'metrics is a path that begins with "/"');
  check('    stopGracePeriod: 10\n', '"10" is not a duration');
  check('    stopGracePeriod: 11m\n', 'stopGracePeriod is at most 10m');
  check('    needs: eth\n', 'needs is a map of keys and values, not the text "eth"');
  check('description: [a]\n', 'description is text, not a list');
  check('owner: 3\n', 'owner is text, not the number 3');
  check('owner: " "\n', 'owner is one line');
  check('repository: example.com\n', 'repository is an address, like https://example.com/team/shop, not "example.com"');
  check('links: [a]\n', 'links is a map of keys and values, not a list');
  check('links: { docs: "javascript:alert(1)" }\n', 'the link "docs" is an address of the web');
  check('tags: money\n', 'tags is a list of words, like [payments, public], not the text "money"');
  check('    uses: ledger-api\n', 'uses is a list of services, like [ledger-api], not the text "ledger-api"');
  check('    uses: [Ledger]\n', '"Ledger" is no name of a service');
  check('    protocol: rpc\n', 'protocol is about the port of the process, and it has none');
  check('    port: auto\n    protocol: grpc\n', 'did you mean "rpc"?');
  check('config: [a]\n', 'config is a map of keys and values, not a list');
  check('environments: dev\n', 'environments is a map of keys and values');
  check('environments: { dev: 3 }\n', 'an environment is a map of keys and values, not the number 3');
});

test('a probe asks one question of a process with a port', () => {
  const check = (probe: string, expected: string): void => {
    expect(refusal(`${WEB}    port: auto\n    readinessProbe: ${probe}\n`)).toContain(expected);
  };
  check('{}', 'readinessProbe has one of "httpGet: /ready" and "tcpSocket: true"');
  check('{ httpGet: /, tcpSocket: true }', 'readinessProbe has one of');
  check('{ tcpSocket: { port: 80 } }', 'tcpSocket is true or absent, not a map');
  check('{ httpGet: ready }', 'httpGet is a path that begins with "/"');
  check('{ httpGet: {} }', '"path" is missing');
  check('{ httpGet: /, periodSeconds: 0 }', 'periodSeconds is a number of seconds from 0.05 to 3600, not the number 0');
  check(
    '{ httpGet: /, timeoutSeconds: 1s }',
    'timeoutSeconds is a number of seconds from 0.05 to 3600, not the text "1s"',
  );
  expect(refusal(`${WEB}    readinessProbe: { httpGet: / }\n`)).toContain('it has none: add "port: auto"');
  expect(refusal(`${WEB}    metrics: /metrics\n`)).toContain('metrics is about the port of the process');
});

test('a port speaks HTTP, unless it is asked for a TCP socket', () => {
  const protocol = (lines: string): string | undefined => parse(WEB + lines).processes['web']?.protocol;
  expect(protocol('    port: auto\n')).toBe('http');
  expect(protocol('    port: auto\n    readinessProbe: { tcpSocket: true }\n')).toBe('tcp');
  expect(protocol('    port: auto\n    readinessProbe: { tcpSocket: true }\n    metrics: /metrics\n')).toBe('http');
});

test('a command is a list of words, or text that is split without a shell', () => {
  const read = (command: string): readonly string[] | undefined =>
    parse(`${HEAD}processes:\n  web:\n    command: ${command}\n`).processes['web']?.command;
  expect(read('node web.js --title "Tip jar"')).toEqual(['node', 'web.js', '--title', 'Tip jar']);
  expect(read('[sleep, 5, "a b"]')).toEqual(['sleep', '5', 'a b']);
  const check = (command: string, expected: string): void => {
    expect(refusal(`${HEAD}processes:\n  web:\n    command: ${command}\n`)).toContain(expected);
  };
  check('node "web.js', 'the command cannot be split into words: the quote " is not closed');
  check('node a && node b', '"&&" is for a shell, and no shell runs here');
  check('""', 'the command is empty');
  check('[]', 'the command is empty');
  check('', 'the command is empty');
  check('["", a]', 'the command is empty');
  check('7', 'a command is text or a list of words, not the number 7');
});

test('names are DNS labels that fit together, and differ', () => {
  const check = (text: string, expected: string): void => expect(refusal(text)).toContain(expected);
  const process = '{ command: a }';
  check(`${HEAD}processes: { Web: ${process} }\n`, '3:14: "Web" is no name of a component');
  check(`${HEAD}processes: { a_b: ${process} }\n`, '"a_b" is no name of a component');
  check(`${HEAD}processes: { -a: ${process} }\n`, '"-a" is no name');
  check(`${HEAD}processes: { ${'a'.repeat(64)}: ${process} }\n`, 'is no name of a component');
  check(
    `${HEAD}processes: { ${'a'.repeat(57)}: ${process} }\n`,
    'is longer than 63 characters: shorten one of the names',
  );
  check(`${WEB}chains: { web: { kind: ethereum, network: dev } }\n`, '6:11: "web" is a process already');
  check(`${WEB}  web: ${process}\n`, '6:3: the key "web" stands here twice');
  check(`plumb: 1\nname: 3\nprocesses: { a: ${process} }\n`, 'name of an application is text, not the number 3');
  expect(
    Object.keys(parse(`${HEAD}processes: { ${'a'.repeat(56)}: ${process}, constructor: ${process} }\n`).processes),
  ).toHaveLength(2);
});

test('two components cannot have one port', () => {
  const text = `${HEAD}processes:\n  a: { command: x, port: 80 }\n  b: { command: x, port: 80 }\n`;
  expect(refusal(text)).toBe('plumb.yaml:5:26: b and a both want port 80: change one, or write "port: auto"');
});

test('needs name what exists, and never themselves in a circle', () => {
  const needs = (a: string, b: string, c: string): string =>
    `${HEAD}processes:\n  a: { command: x, needs: [${a}] }\n  b: { command: x, needs: [${b}] }\n  c: { command: x, needs: [${c}] }\n`;
  expect(parse(needs('b, c', 'c', '')).processes['a']?.needs).toEqual(['b', 'c']);
  const check = (text: string, expected: string): void => expect(refusal(text)).toContain(expected);
  check(needs('a', '', ''), 'plumb.yaml:4:28: a needs a: none of them could start');
  check(needs('b', 'c', 'a'), '4:28: a needs b needs c needs a: none of them could start');
  check(needs('', 'c', 'b'), '5:28: b needs c needs b: none of them');
  check(needs('bb', '', ''), 'a needs "bb", which is neither a process nor a chain here: did you mean "b"?');
  check(`${WEB}    needs: { constructor: ready }\n`, 'web needs "constructor", which is neither');
});

test('references name what exists', () => {
  const check = (value: string, expected: string): void => {
    expect(refusal(`${WEB}    env: { A: "${value}" }\n  job: { command: x }\n`)).toContain(expected);
  };
  check('${chains.eth.url}', '6:15: there is no chain "eth" here');
  check('${processes.wep.url}', 'there is no process "wep" here: did you mean "web"?');
  check('${processes.job.url}', 'the process "job" has no port: add "port: auto" to it');
  check('${HOME}', '"${HOME}" is not known: there are ${chains.NAME.url}');
  check('${processes.web', '"${processes.web" is not known');
  check('${processes.web.host}', 'is not known');
});

test('configuration is flattened, and a key is a value or a path, never both', () => {
  const read = (config: string): Manifest['config'] => parse(`${WEB}config: ${config}\n`).config;
  expect(read('{ a: { b: { c: 1 } }, d: null, e: { f: {} }, g: [ { h: 1 } ] }')).toEqual({
    'a.b.c': 1,
    d: null,
    'e.f': {},
    g: [{ h: 1 }],
  });
  const check = (config: string, expected: string): void => {
    expect(refusal(`${WEB}config: ${config}\n`)).toContain(expected);
  };
  check('{ mail: x, mail.host: y }', '6:20: "mail" is a value, so it cannot be a path to "mail.host" too');
  check('{ a: { b: 1 }, a.b: 2 }', 'the configuration key "a.b" stands here twice');
  check('{ min_tip: 1 }', '"min_tip" is no configuration key');
  check(
    '{ a: 12345678901234567890 }',
    '12345678901234567890 is not a number that every program can hold: write it as text',
  );
  check('{ a: .nan }', '.nan is not a number');
});

test('an environment is laid over the manifest, key by key', () => {
  const text = `${WEB}    port: 8080
    env: { A: base, B: base }
  extra: { command: x }
config: { title: base, list: [1, 2] }
environments:
  dev:
    description: for us
    processes:
      web: { port: auto, env: { A: dev } }
      extra:
    config: { list: [3] }
  empty:
`;
  expect(parse(text)).toMatchObject({ environment: 'default', processes: { web: { port: 8080 }, extra: {} } });
  expect(parse(text).environments).toEqual(['dev', 'empty']);
  expect(parse(text, 'empty')).toEqual({ ...parse(text), environment: 'empty' });
  const dev = parse(text, 'dev');
  expect(dev).toMatchObject({ environment: 'dev', description: 'for us', config: { title: 'base', list: [3] } });
  expect(Object.keys(dev.processes)).toEqual(['web']);
  expect(dev.processes['web']).toMatchObject({
    port: 'auto',
    env: { A: 'dev', B: 'base' },
    command: ['node', 'web.js'],
  });
  expect(refusal(text, 'def')).toContain('10:1: there is no environment "def": did you mean "dev"?');
  expect(refusal(WEB, 'production')).toContain(
    '1:1: there is no environment "production": add it below "environments"',
  );
});

test('an environment that is not asked for is checked too, where it is written', () => {
  const text = `${WEB}environments:\n  production:\n    processes:\n      web:\n        prot: 80\n`;
  const error = failure(text);
  expect(error.message).toBe('plumb.yaml:10:9: unknown key "prot": did you mean "port"?');
  expect(error.details?.['faults']).toMatchObject([{ path: 'environments.production.processes.web.prot' }]);
});

test('x- blocks are shared by anchors and merges', () => {
  const manifest = parse(`${HEAD}x-base: &base
  command: node web.js
  env: { A: base }
processes:
  a: *base
  b: { <<: *base, port: auto, env: { B: own } }
  c: { command: own, <<: [*base] }
`);
  expect(manifest.processes['a']).toMatchObject({ command: ['node', 'web.js'], env: { A: 'base' } });
  expect(manifest.processes['b']).toMatchObject({ command: ['node', 'web.js'], port: 'auto', env: { B: 'own' } });
  expect(manifest.processes['c']).toMatchObject({ command: ['own'], env: { A: 'base' } });
});

test('what is not YAML is told with its place', () => {
  const check = (text: string, expected: RegExp): void => expect(refusal(text)).toMatch(expected);
  check('plumb: 1\nname: "x\n', /^plumb\.yaml:\d+:\d+: not YAML: missing closing "quote/m);
  check('plumb: 1\n  name: x\n', /^plumb\.yaml:1:8: not YAML: nested mappings/);
  check('plumb: 1\n---\nplumb: 1\n', /not YAML: source contains multiple documents/);
  check('plumb: !!binary aa\n', /1:17: "aa" is neither text, number, truth value nor nothing/);
  check('plumb: !mine aa\n', /1:8: not YAML: unresolved tag: !mine/);
  check('plumb: 1\nname: *nobody\n', /2:7: the alias \*nobody has no anchor &nobody before it/);
  check('plumb: 1\nx-a: &a [*a]\n', /the alias \*a contains itself/);
  check('plumb: 1\nx-a: { <<: 3 }\n', /"<<" merges a map, or a list of maps/);
  check('plumb: 1\n? [a]\n: 1\n', /2:3: a key must be plain text/);
});
