import { silentLog, systemClock } from '@plumb/base';
import { connectDispatcher, createDispatcher, type Dispatcher, type DispatcherDependencies } from '@plumb/rpc';
import { expect, test } from 'vitest';
import * as v from 'valibot';
import type { Remote } from '../open-remote.ts';
import { runCommand } from '../run.ts';
import type { Shell } from '../shell.ts';
import { createStyle } from '../style.ts';
import { call } from './call.ts';

const place = v.object({ city: v.string(), zip: v.optional(v.pipe(v.string(), v.maxLength(5))) });
const shopContract = {
  order: {
    summary: 'Order something.',
    input: v.object({
      item: v.pipe(v.string(), v.minLength(1)),
      count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
      to: place,
      gift: v.picklist(['yes', 'no']),
    }),
    output: v.object({ id: v.bigint(), at: v.date() }),
    scope: 'shop:order',
    idempotent: true,
  },
  follow: {
    summary: 'Follow orders.',
    input: v.object({}),
    output: v.variant('kind', [
      v.object({ kind: v.literal('snapshot'), orders: v.array(v.object({ id: v.string(), item: v.string() })) }),
      v.object({ kind: v.literal('change'), order: v.object({ id: v.string(), item: v.string() }) }),
    ]),
    stream: true,
  },
} as const;

function createShop(options: Partial<DispatcherDependencies> = {}): Dispatcher {
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock, ...options });
  dispatcher.add('shop', shopContract, {
    order: ({ count }) => ({ id: 10n ** 20n + BigInt(count), at: new Date(0) }),
    async *follow() {
      yield { kind: 'snapshot' as const, orders: [] };
      yield { kind: 'change' as const, order: { id: '1', item: 'tea' } };
    },
  });
  const math = {
    add: (a: number, b: number) => a + b,
    async *upTo(to: number) {
      for (let i = 0; i < to; i += 1) yield i;
    },
    count: (...given: unknown[]) => given.length,
    lazily: (to: number) => math.upTo(to),
    now: () => new Map([['at', new Set([new Uint8Array([1, 2])])]]),
    slow: () => new Promise(() => {}),
  };
  dispatcher.addObject('math', math, { summaries: { add: 'Add two numbers.' } });
  return dispatcher;
}

type Ran = { readonly code: number; readonly out: string; readonly err: string };

async function run(
  argv: readonly string[],
  {
    dispatcher = createShop(),
    input = '',
    scopes = ['*'],
    remotes = [] as unknown[],
    stop = new AbortController(),
  } = {},
): Promise<Ran> {
  const [out, err]: [string[], string[]] = [[], []];
  using connection = connectDispatcher(dispatcher, { id: 'ana', scopes });
  const code = await runCommand(['call', ...argv], [call], async ({ json: isJson }) => {
    const dial = async (remote?: Remote): ReturnType<Shell['dial']> => {
      remotes.push(remote);
      return connection;
    };
    return {
      out: (line) => out.push(line),
      err: (line) => err.push(line),
      json: (value) => out.push(JSON.stringify(value)),
      isJson,
      isTerminal: false,
      style: createStyle(false),
      now: () => 0,
      directory: '/',
      dataDirectory: '/nowhere',
      env: {},
      signal: stop.signal,
      connect: () => Promise.reject(new Error('not asked for')),
      dial,
      readInput: async () => input,
      ask: async () => undefined,
      progress: () => undefined,
      sleep: async () => undefined,
    };
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

test('values, streams and plain objects are called as their server describes them', async () => {
  const check = async (argv: string[], out: string): Promise<void> =>
    expect(await run(argv)).toEqual({ code: 0, out, err: '' });
  const input = JSON.stringify({ item: 'tea', to: { city: 'Ulm' }, gift: 'no' });
  await check(['shop.order', input], '{"id":"100000000000000000001","at":"1970-01-01T00:00:00.000Z"}');
  await check(['shop.follow'], '{"kind":"snapshot","orders":[]}\n{"kind":"change","order":{"id":"1","item":"tea"}}');
  await check(['math.add', '[1, 2]'], '3');
  await check(['math.upTo', '[2]'], '0\n1');
  // An ordinary function that returns a stream: only its answer shows it.
  await check(['math.lazily', '3'], '0\n1\n2');
  await check(['math.now'], '{"at":["AQI="]}');
  await check(['math.count'], '0');
});

test('Ctrl-C ends a stream in good order, and a call that was not answered as one that was not done', async () => {
  const stops = { answer: new AbortController(), items: new AbortController() };
  const dispatcher = createShop();
  dispatcher.addObject('stopping', {
    answer: () => {
      stops.answer.abort();
      return new Promise(() => {});
    },
    async *items() {
      yield 'an item';
      stops.items.abort();
      await new Promise(() => {});
    },
  });
  expect(await run(['stopping.answer'], { dispatcher, stop: stops.answer })).toEqual({
    code: 1,
    out: '',
    err: '✖ stopping.answer was interrupted: it may or may not have run',
  });
  expect(await run(['stopping.items'], { dispatcher, stop: stops.items })).toMatchObject({ code: 0, err: '' });
});

test('the input may be piped in', async () => {
  expect((await run(['math.add', '-'], { input: '[20, 22]\n' })).out).toBe('42');
  expect((await run(['math.add', '-'], { input: '' })).err).toContain('the input is not JSON');
});

test('a server that does not describe itself is called as its answer shows', async () => {
  for (const dispatcher of [
    createShop({ introspection: false }),
    createShop({ policy: ({ method }) => method !== 'rpc.describe' || 'not for you' }),
  ]) {
    expect((await run(['math.add', '[1, 2]'], { dispatcher })).out).toBe('3');
    expect((await run(['math.upTo', '[2]'], { dispatcher })).out).toBe('0\n1');
    expect((await run(['shop', '--describe'], { dispatcher })).err).toContain('does not say what it offers');
  }
});

test('what is not there, refused or late is said', async () => {
  const check = async (argv: string[], code: number, message: string, options = {}): Promise<void> => {
    const ran = await run(argv, options);
    expect(ran.err).toContain(message);
    expect(ran.code).toBe(code);
  };
  await check(['math.ad'], 1, 'did you mean "math.add"?');
  await check(['shpo', '--describe'], 1, 'there is no service "shpo": did you mean "shop"?');
  await check(['shop', 'ordre', '--describe'], 1, 'did you mean "shop.order"?');
  await check(['shop.order', '{}'], 1, '"item"');
  await check(['shop.order', '{}'], 1, 'needs the scope shop:order', { scopes: [] });
  await check(['math.slow', '--timeout', '20ms'], 1, 'was not answered within 20 ms');
  await check(['math.add', '[1,'], 2, 'the input is not JSON');
  await check(['math.add', '--timeout', 'soon'], 2, '--timeout');
  await check(['math.add', '--at', 'nowhere'], 2, '--at: "nowhere" is not a target');
  await check(['math.add', '--server-key', 'x'], 2, '--server-key is of another server');
});

test('--at names the server, and its name the service', async () => {
  const remotes: unknown[] = [];
  const at = ['--at', 'tcp://127.0.0.1:1/math', '--server-key', 'k', '--key-file', 'f'];
  expect((await run(['add', '[1, 2]', ...at], { remotes })).out).toBe('3');
  expect((await run(['math.add', '[1, 2]', ...at])).out).toBe('3');
  expect((await run(['--describe', ...at])).out).toContain('math.add(2 arguments)');
  expect((await run(['add', '--describe', ...at])).out).toContain('Add two numbers.');
  expect((await run(at)).out).toContain('shop');
  expect(remotes).toEqual([{ target: 'tcp://127.0.0.1:1/math', serverKey: 'k', keyFile: 'f' }]);
});

test('alone it lists the services', async () => {
  const { out, err } = await run([]);
  expect(out).toMatchInlineSnapshot(`
    "SERVICE  METHODS
    math     add, count, lazily, now, slow, upTo
    rpc      describe, stats
    shop     follow, order"
  `);
  expect(err).toContain('plumb call SERVICE --describe');
});

test('a service as people read it', async () => {
  expect((await run(['shop', '--describe'])).out).toMatchInlineSnapshot(`
    "shop.follow() → stream
      Follow orders.
    shop.order({ item: string; count?: number; to: { city: string; zip?: string }; gift: 'yes' | 'no' })
      Order something."
  `);
  expect((await run(['shop', '--describe'], { scopes: ['math:use'] })).out).toContain('✖ needs shop:order');
  expect((await run(['math', '--describe'])).out).toMatchInlineSnapshot(`
    "math.add(2 arguments)
      Add two numbers.
    math.count()
    math.lazily(1 argument)
    math.now()
    math.slow()
    math.upTo(1 argument) → stream"
  `);
});

test('a method as people read it', async () => {
  const { out } = await run(['shop.order', '--describe']);
  expect(out).toMatchInlineSnapshot(`
    "shop.order
    Order something.

    Input
      NAME    TYPE
      item    string                          at least 1 character
      count?  number                          a whole number, at least 1, default 1
      to      { city: string; zip?: string }
      gift    'yes' | 'no'

    Answer
      { id: bigint; at: Date }

    Needs
      shop:order

    Idempotent
      running it twice does what running it once does

    Example
      plumb call shop.order '{"item":"…","to":{"city":"…"},"gift":"yes"}'"
  `);
  expect((await run(['shop', '--describe', 'order'])).out).toBe(out);
  expect((await run(['shop.follow', '--describe'])).out).toMatchInlineSnapshot(`
    "shop.follow
    Follow orders.

    Input
      an empty object

    Answers with a stream of
      | { kind: 'snapshot'; orders: { id: string; item: string }[] }
      | { kind: 'change'; order: { id: string; item: string } }

    Needs
      any caller may call it

    Example
      plumb call shop.follow"
  `);
  expect((await run(['math.add', '--describe'])).out).toMatchInlineSnapshot(`
    "math.add
    Add two numbers.

    Input
      a list of arguments; the function names 2

    Answer
      what the function returns

    Needs
      any caller may call it

    Example
      plumb call math.add '[…, …]'"
  `);
});

test('a description as data is what the server says', async () => {
  const { out } = await run(['shop.order', '--describe', '--json']);
  expect(JSON.parse(out)).toMatchObject({
    dialect: 'https://json-schema.org/draft/2020-12/schema',
    methods: [{ method: 'shop.order', kind: 'unary', allowed: true, input: { type: 'object' } }],
  });
});

test('what a server says cannot move the cursor', async () => {
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
  const evil = '\u001B[2Jgone';
  dispatcher.addObject('math', { [evil]: () => 1 }, { summaries: { [evil]: evil } });
  const contract = { run: { input: v.object({ [evil]: v.literal(evil) }), output: v.literal(evil), scope: evil } };
  dispatcher.add('more', contract as never, { run: () => evil } as never);
  for (const argv of [[], ['math', '--describe'], ['more', '--describe'], ['more.run', '--describe']]) {
    const { code, out } = await run(argv, { dispatcher, scopes: [] });
    expect(code).toBe(0);
    expect(out).not.toContain('\u001B');
  }
});
