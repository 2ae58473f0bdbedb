// Sources that a test writes by hand, run as an application runs them.
import { createLog, OperatingError } from '@plumb/base';
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import * as v from 'valibot';
import {
  type ConfigObject,
  type ConfigSource,
  openConfig,
  type OpenConfigOptions,
  type SourceContext,
} from './index.ts';

type HandSource = ConfigSource & {
  readonly context: SourceContext;
  /** Says all that it knows, by path, from then on. */
  readonly say: (values: ConfigObject) => void;
};

/** Says `first` at the start; without it the test has to say when it is open. */
function createHandSource(
  name: string,
  first?: ConfigObject,
): HandSource & { readonly opened: PromiseWithResolvers<void> } {
  const opened = Promise.withResolvers<void>();
  let context: SourceContext | undefined;
  const source = {
    name,
    opened,
    get context(): SourceContext {
      if (context === undefined) throw new TypeError(`${name} is not open`);
      return context;
    },
    say(values: ConfigObject): void {
      const said = Object.entries(values).map(([path, value]) => [path, { value, origin: { source: name } }] as const);
      source.context.publish({ values: new Map(said) });
    },
    open(given: SourceContext): Promise<void> {
      context = given;
      if (first !== undefined) {
        source.say(first);
        opened.resolve();
      }
      return opened.promise;
    },
  };
  return source;
}

function createWorld() {
  const clock = createFakeClock();
  const logged: [string, object][] = [];
  const log = createLog((_level, event, fields) => logged.push([event, fields]));
  const open = (options: OpenConfigOptions) => openConfig({ clock, log, ...options });
  return { clock, logged, open };
}

test('later sources win over earlier ones, and all of them over the defaults', async () => {
  const { open } = createWorld();
  const [low, high] = [createHandSource('low', { a: 1, b: 1 }), createHandSource('high', { b: 2, c: 2 })];
  await using config = await open({ defaults: { a: 0, d: 0 }, sources: [low, high] });
  expect(config.get()).toEqual({ a: 1, b: 2, c: 2, d: 0 });
  expect(config.explain('b').statements.map(({ source, isInForce }) => [source, isInForce])).toEqual([
    ['low', false],
    ['high', true],
  ]);
  high.say({});
  await expect.poll(() => config.get('b')).toBe(1);
});

test('what several sources say in one turn is one change set', async () => {
  const { open } = createWorld();
  const [one, other] = [createHandSource('one', { 'pair.left': 0 }), createHandSource('other', { 'pair.right': 0 })];
  await using config = await open({ sources: [one, other] });
  const heard: unknown[] = [];
  config.subscribe('pair', (pair) => heard.push(pair));
  config.subscribe('pair.left', () => heard.push(config.get('pair.right')));
  for (let i = 1; i <= 3; i += 1) {
    one.say({ 'pair.left': i });
    other.context.change({ changes: new Map([['pair.right', { value: i, origin: { source: 'other' } }]]) });
  }
  expect(config.get('pair')).toEqual({ left: 0, right: 0 });
  await Promise.resolve();
  expect(heard).toEqual([{ left: 3, right: 3 }, 3]);
});

test('nothing is in force before every source has said what it knows', async () => {
  const { open } = createWorld();
  const [fast, slow] = [createHandSource('fast', { a: 1 }), createHandSource('slow')];
  const seen: unknown[] = [];
  const schema = v.pipe(
    v.looseObject({}),
    v.check((all) => seen.push(all) > 0),
  );
  const opening = open({ sources: [fast, slow], schema });
  await Promise.resolve();
  slow.say({ b: 1 });
  slow.context.change({ changes: new Map([['b', { value: 2, origin: { source: 'slow' } }]]) });
  slow.opened.resolve();
  await using config = await opening;
  expect(config.get()).toEqual({ a: 1, b: 2 });
  expect(seen).toEqual([{ a: 1, b: 2 }]);
});

test('a source that hangs is named, and the application starts without it until it speaks', async () => {
  const { open, clock, logged } = createWorld();
  const [here, hangs] = [createHandSource('here', { a: 1 }), createHandSource('hangs')];
  const opening = open({ sources: [here, hangs] });
  await clock.advance(15_000);
  await using config = await opening;
  expect(config.get()).toEqual({ a: 1 });
  expect(config.status().sources).toMatchObject([
    { source: 'here', state: 'ok' },
    { source: 'hangs', state: 'absent', reason: 'no answer within 15000 ms' },
  ]);
  expect(logged).toEqual([['config.source-trouble', { source: 'hangs', reason: 'no answer within 15000 ms' }]]);
  hangs.say({ a: 2 });
  hangs.context.settle();
  await expect.poll(() => config.get('a')).toBe(2);
  expect(config.status().sources[1]).toMatchObject({ state: 'ok' });
});

test('the same trouble is told once, its end once, and the last values stay', async () => {
  const { open, clock, logged } = createWorld();
  const source = createHandSource('file', { a: 1 });
  await using config = await open({ sources: [source] });
  const startedAt = clock.now();
  await clock.advance(1_000);
  for (let i = 0; i < 5; i += 1) source.context.warn(new OperatingError('invalid', 'file:1:1: rubbish'));
  await clock.advance(1_000);
  source.context.warn(new OperatingError('invalid', 'file:2:1: other rubbish'));
  expect(config.status().sources).toEqual([
    { source: 'file', state: 'stale', sinceAt: startedAt + 1_000, reason: 'file:2:1: other rubbish' },
  ]);
  expect(config.get('a')).toBe(1);
  source.context.settle();
  source.context.settle();
  expect(config.status().sources).toEqual([{ source: 'file', state: 'ok', sinceAt: startedAt + 2_000 }]);
  expect(logged.map(([event]) => event)).toEqual([
    'config.source-trouble',
    'config.source-trouble',
    'config.source-recovered',
  ]);
});

test('values that do not fit the schema stop a start, and are refused as a whole later', async () => {
  const { open, logged } = createWorld();
  const schema = v.object({ port: v.number(), mode: v.picklist(['on', 'off']) });
  const bad = open({ sources: [createHandSource('file', { port: 'x', mode: 'maybe' })], schema });
  await expect(bad).rejects.toThrow('the configuration cannot be used:\n  "port" cannot be used');
  await expect(bad).rejects.toMatchObject({ code: 'invalid', details: { faults: [{}, {}] } });

  const [file, other] = [createHandSource('file', { port: 1, mode: 'on' }), createHandSource('other', {})];
  await using config = await open({ sources: [file, other], schema });
  const heard: unknown[] = [];
  config.subscribe('', (values) => heard.push(values));
  for (let i = 0; i < 3; i += 1) {
    file.say({ port: 2, mode: 'maybe' });
    await Promise.resolve();
  }
  expect(config.get()).toEqual({ port: 1, mode: 'on' });
  expect(config.status().faults).toEqual([expect.stringMatching(/"mode" cannot be used: .*\(file\)/)]);
  expect(logged.map(([event]) => event)).toEqual(['config.refused-values']);
  file.say({ port: 2, mode: 'off' });
  await Promise.resolve();
  expect(heard).toEqual([{ port: 2, mode: 'off' }]);
  expect(config.status().faults).toEqual([]);
});

test('a source that must be there fails the start, and the others are let go', async () => {
  const { open } = createWorld();
  const other = createHandSource('other', {});
  const needed: ConfigSource = { name: 'needed', open: () => Promise.reject(new OperatingError('invalid', 'no')) };
  await expect(open({ sources: [other, needed] })).rejects.toMatchObject({ code: 'invalid', message: 'no' });
  expect(other.context.signal.aborted).toBe(true);
});

test('disposing ends the sources, and what they say after that is not heard', async () => {
  const { open } = createWorld();
  const source = createHandSource('file', { a: 1 });
  const config = await open({ sources: [source] });
  source.say({ a: 2 });
  await config[Symbol.asyncDispose]();
  source.say({ a: 3 });
  expect([config.get('a'), source.context.signal.aborted]).toEqual([1, true]);
});
