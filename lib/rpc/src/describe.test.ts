import { silentLog, systemClock } from '@plumb/base';
import { expect, test } from 'vitest';
import * as v from 'valibot';
import {
  callback,
  type Caller,
  connectDispatcher,
  createClient,
  createDispatcher,
  describeService,
  type Dispatcher,
  type DispatcherDependencies,
  rpcContract,
  streamOf,
} from './index.ts';
import { jsonSchemaOf } from './json-schema.ts';

const caller: Caller = { id: 'ana', scopes: ['math:use'] };
const contract = {
  add: {
    input: v.object({ a: v.pipe(v.number(), v.minValue(0)), b: v.optional(v.number()) }),
    output: v.optional(v.number()),
    scope: 'math:use',
    idempotent: true,
    summary: 'Add two numbers.',
  },
  count: {
    input: v.object({ from: streamOf(v.number()), each: callback([v.number()]) }),
    output: v.date(),
    stream: true,
    scope: 'math:all',
  },
} as const;

function serving(options: Partial<DispatcherDependencies> = {}): Dispatcher {
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock, ...options });
  dispatcher.add('math', contract, { add: ({ a, b = 0 }) => a + b, async *count() {} });
  const tools = {
    run: (_name: string, _count: number) => 'done',
    later: async (...names: string[]) => names,
    nested: { async *lines(_file: string) {} },
  };
  dispatcher.addObject('tools', tools, { summaries: { run: 'Run a tool.', 'nested.lines': 'Read a file.' } });
  return dispatcher;
}

test('a dispatcher describes what it offers, and whether whoever asks may call it', async () => {
  using connection = connectDispatcher(serving(), caller);
  const rpc = createClient(rpcContract, 'rpc', connection);
  const { dialect, methods } = await rpc.describe({});
  expect(dialect).toBe('https://json-schema.org/draft/2020-12/schema');
  expect(methods.map(({ method, allowed }) => `${method} ${allowed}`)).toEqual([
    'math.add true',
    'math.count false',
    'rpc.describe true',
    'rpc.stats false',
    'tools.later true',
    'tools.nested.lines true',
    'tools.run true',
  ]);
  expect((await rpc.describe({ service: 'math' })).methods).toEqual([
    {
      method: 'math.add',
      summary: 'Add two numbers.',
      kind: 'unary',
      scope: 'math:use',
      idempotent: true,
      input: {
        type: 'object',
        properties: { a: { type: 'number', minimum: 0 }, b: { type: 'number' } },
        required: ['a'],
      },
      output: { anyOf: [{ type: 'number' }, { 'x-type': 'undefined' }] },
      allowed: true,
    },
    {
      method: 'math.count',
      kind: 'stream',
      takes: ['function', 'stream'],
      scope: 'math:all',
      input: {
        type: 'object',
        properties: { from: { 'x-type': 'stream' }, each: { 'x-type': 'function' } },
        required: ['from', 'each'],
      },
      output: { 'x-type': 'Date' },
      allowed: false,
    },
  ]);
});

test('functions of a plain object are described by what they show', async () => {
  expect(await serving().describe({ service: 'tools' })).toEqual([
    { method: 'tools.later', kind: 'unary', arity: 0 },
    { method: 'tools.nested.lines', summary: 'Read a file.', kind: 'stream', arity: 1 },
    { method: 'tools.run', summary: 'Run a tool.', kind: 'unknown', arity: 2 },
  ]);
  const misspelt = (): void => serving().addObject('more', { run: () => 1 }, { summaries: { rnu: 'Run.' } });
  expect(misspelt).toThrow('a summary is of a function of more: "rnu"');
});

test('one method, and the nearest where there is none', async () => {
  const dispatcher = serving();
  expect((await dispatcher.describe({ method: 'math.add' })).map(({ method }) => method)).toEqual(['math.add']);
  await expect(dispatcher.describe({ method: 'math.ad' })).rejects.toMatchObject({
    code: 'not-found',
    message: expect.stringContaining('did you mean "math.add"?'),
  });
  await expect(dispatcher.describe({ service: 'maths' })).rejects.toMatchObject({
    code: 'not-found',
    message: 'there is no service "maths": did you mean "math"?',
  });
  await expect(dispatcher.describe({ service: 'elsewhere' })).rejects.toMatchObject({
    message: 'there is no service "elsewhere": the services are math, rpc, tools',
  });
});

test('the policy says who may call what, also where it takes its time or fails', async () => {
  const allowed = async (policy: DispatcherDependencies['policy']): Promise<unknown> => {
    const { methods } = (await serving({ policy }).call('rpc.describe', { service: 'tools' }, caller)) as {
      methods: { allowed: boolean }[];
    };
    return methods.map((method) => method.allowed);
  };
  expect(await allowed(async ({ method }) => method !== 'tools.run' || 'no')).toEqual([true, true, false]);
  const strict: DispatcherDependencies['policy'] = ({ method }) => {
    if (method === 'rpc.describe') return true;
    throw new Error('broken');
  };
  expect(await allowed(strict)).toEqual([false, false, false]);
});

test('calls are counted for those who hold rpc:read', async () => {
  const dispatcher = serving();
  await dispatcher.call('math.add', { a: 1 }, caller);
  await expect(dispatcher.call('rpc.stats', {}, caller)).rejects.toMatchObject({ code: 'denied' });
  const reader: Caller = { id: 'metrics', scopes: ['rpc:read'] };
  using connection = connectDispatcher(dispatcher, reader);
  const { boundsSeconds, methods } = await createClient(rpcContract, 'rpc', connection).stats({ service: 'math' });
  expect(methods).toMatchObject([{ method: 'math.add', started: 1, inFlight: 0, ended: { ok: 1 } }]);
  expect(methods[0]?.durations.counts).toHaveLength(boundsSeconds.length + 1);
});

test('a dispatcher can keep to itself what it offers', async () => {
  const dispatcher = serving({ introspection: false });
  await expect(dispatcher.call('rpc.describe', {}, caller)).rejects.toMatchObject({ code: 'not-found' });
  expect(await dispatcher.describe({ service: 'math' })).toHaveLength(2);
});

test('a contract is described without being served, in its own order', async () => {
  const described = await describeService('m', { count: contract.count, add: contract.add });
  expect(described.map(({ method, kind }) => `${method} ${kind}`)).toEqual(['m.count stream', 'm.add unary']);
});

test('what JSON Schema cannot express is left open, and nothing throws', async () => {
  const check = async (schema: unknown, side: 'input' | 'output', expected: unknown): Promise<void> =>
    expect(await jsonSchemaOf(schema as v.GenericSchema, side)).toEqual(expected);
  const text = v.pipe(v.string(), v.transform(Number));
  await check(text, 'input', { type: 'string' });
  await check(text, 'output', { 'x-type': 'unknown' });
  await check(v.pipe(v.string(), v.toNumber()), 'output', { type: 'number' });
  await check(v.pipe(v.string(), v.trim(), v.brand('x')), 'output', { type: 'string' });
  await check(
    v.pipe(
      v.number(),
      v.check(() => true),
    ),
    'input',
    { type: 'number' },
  );
  await check(v.object({ n: v.optional(v.bigint(), 3n) }), 'input', {
    type: 'object',
    properties: { n: { 'x-type': 'bigint' } },
    required: [],
  });
  const endless = (): v.GenericSchema => v.object({ more: v.lazy(() => endless()) });
  await check(endless(), 'input', { 'x-type': 'unknown' });
  const thrower = v.optional(v.string(), () => {
    throw new Error('no default today');
  });
  await check(thrower, 'input', { 'x-type': 'unknown' });
  await check({ '~standard': { vendor: 'another' } }, 'input', { 'x-type': 'unknown' });
});
