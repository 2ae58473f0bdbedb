import { expect, test } from 'vitest';
import * as v from 'valibot';
import { type ConfigView, createLayeredConfig } from './config.ts';
import type { ConfigObject } from './config-values.ts';
import { createFeedLayer, saidBy } from './feed-layer.ts';
import type { ConfigFeedEvent, ConfigValue } from './feed.ts';

type Subject = {
  readonly view: ConfigView;
  readonly apply: (event: ConfigFeedEvent) => void;
  readonly errors: unknown[];
};

/** Defaults, and a store above them. */
function createSource(defaults: ConfigObject = {}): Subject {
  const errors: unknown[] = [];
  const layerOf = createFeedLayer('store');
  const { view, apply } = createLayeredConfig({
    sourceNames: ['defaults', 'store'],
    onListenerError: (error) => errors.push(error),
  });
  apply(new Map([[0, { values: saidBy('defaults', Object.entries(structuredClone(defaults))) }]]));
  return { view, apply: (event) => void apply(new Map([[1, layerOf(event)]])), errors };
}

const snapshotOf = (values: Record<string, ConfigValue>, revision = 1) =>
  ({ kind: 'snapshot', revision, values }) as const;
const changeOf = (changes: Record<string, ConfigValue | undefined>, revision: number) =>
  ({ kind: 'change', revision, changes: Object.entries(changes).map(([key, value]) => ({ key, value })) }) as const;

test('0, false, the empty text and null are values', () => {
  const { view, apply } = createSource();
  apply(snapshotOf({ zero: 0, no: false, empty: '', nothing: null }));
  for (const path of ['zero', 'no', 'empty', 'nothing']) expect(view.exists(path)).toBe(true);
  expect(view.require('zero')).toBe(0);
  expect(view.get('nothing')).toBeNull();
  expect(view.exists('absent')).toBe(false);
});

test('a path to several values is the object that they make', () => {
  const { view, apply } = createSource();
  apply(snapshotOf({ 'mail.smtp.host': 'a', 'mail.smtp.port': 25, 'mail.from': 'b', mailer: 1 }));
  expect(view.get('mail')).toEqual({ smtp: { host: 'a', port: 25 }, from: 'b' });
  expect(view.get('mail.smtp')).toEqual({ host: 'a', port: 25 });
  expect(view.get()).toEqual({ mail: { smtp: { host: 'a', port: 25 }, from: 'b' }, mailer: 1 });
  expect(view.get('mail.smtp.host.deeper')).toBeUndefined();
  expect(view.get('mai')).toBeUndefined();
});

test('names that every object inherits are names like others', () => {
  const { view, apply } = createSource({ constructor: { name: 'x' } });
  expect(view.get('constructor.name')).toBe('x');
  expect(view.exists('toString')).toBe(false);
  apply(snapshotOf({ 'constructor.prototype': 1 }));
  expect(view.get('constructor')).toEqual({ name: 'x', prototype: 1 });
  apply(changeOf({ 'constructor.prototype': undefined, hasOwnProperty: 2 }, 2));
  expect(view.get('constructor')).toEqual({ name: 'x' });
  expect(view.get('hasOwnProperty')).toBe(2);
});

test('values are frozen, and the defaults of the caller are left alone', () => {
  const defaults = { list: [1], mail: { port: 25 } };
  const { view } = createSource(defaults);
  expect(() => (view.get('list') as number[]).push(2)).toThrow(TypeError);
  expect(() => Object.assign(view.get('mail') as object, { port: 26 })).toThrow(TypeError);
  defaults.list.push(2);
  expect(view.get('list')).toEqual([1]);
});

test('defaults are in force until the server says otherwise, and again when it takes that back', () => {
  const { view, apply } = createSource({ title: 'Default', mail: { host: 'localhost', port: 25 } });
  expect(view.revision).toBe(0);
  expect(view.get('mail.port')).toBe(25);
  apply(snapshotOf({ 'mail.host': 'mx' }, 7));
  expect(view.get('mail')).toEqual({ host: 'mx', port: 25 });
  apply(changeOf({ 'mail.host': undefined, title: 'Set' }, 8));
  expect(view.get()).toEqual({ title: 'Set', mail: { host: 'localhost', port: 25 } });
  expect(view.revision).toBe(8);
});

test('a value of the server where the defaults have a branch wins, and the other way round', () => {
  const { view, apply } = createSource({ mail: { host: 'a' }, cache: 'off' });
  apply(snapshotOf({ mail: 'none', 'cache.size': 1 }));
  expect(view.get()).toEqual({ mail: 'none', cache: { size: 1 } });
  apply(changeOf({ mail: undefined, 'cache.size': undefined }, 2));
  expect(view.get()).toEqual({ mail: { host: 'a' }, cache: 'off' });
});

test('a listener is called once for each change set that changes something at or below its path', () => {
  const { view, apply } = createSource();
  apply(snapshotOf({ 'mail.host': 'a', 'mail.port': 25, title: 'x' }));
  const heard: [string, unknown][] = [];
  for (const path of ['', 'mail', 'mail.host', 'mail.host.deeper', 'title', 'mai']) {
    view.subscribe(path, (value) => heard.push([path, value]));
  }
  apply(changeOf({ 'mail.host': 'b', 'mail.port': 26 }, 2));
  expect(heard).toEqual([
    ['', { mail: { host: 'b', port: 26 }, title: 'x' }],
    ['mail', { host: 'b', port: 26 }],
    ['mail.host', 'b'],
  ]);
  heard.length = 0;
  apply(changeOf({ title: undefined }, 3));
  expect(heard).toEqual([
    ['', { mail: { host: 'b', port: 26 } }],
    ['title', undefined],
  ]);
});

test('nobody is told of a revision that changes nothing they can see', () => {
  const { view, apply } = createSource({ list: [1, { a: 2 }] });
  let callCount = 0;
  view.subscribe('', () => (callCount += 1));
  apply(snapshotOf({ list: [1, { a: 2 }] }, 5));
  apply(changeOf({ list: [1, { a: 2 }] }, 6));
  apply(changeOf({ absent: undefined }, 7));
  expect(callCount).toBe(0);
  expect(view.revision).toBe(7);
});

test('listeners see the whole new revision, whatever they ask for', () => {
  const { view, apply } = createSource();
  apply(snapshotOf({ host: 'a', port: 1 }));
  const seen: unknown[] = [];
  view.subscribe('host', (_value, snapshot) => seen.push(view.get(), snapshot.get(), snapshot.revision));
  apply(changeOf({ host: 'b', port: 2 }, 2));
  expect(seen).toEqual([{ host: 'b', port: 2 }, { host: 'b', port: 2 }, 2]);
});

test('a listener that was disposed hears nothing more, not even of the change that is being told', () => {
  const { view, apply } = createSource();
  const heard: string[] = [];
  const subscriptions: Disposable[] = [];
  view.subscribe('a', () => {
    heard.push('first');
    subscriptions[0]?.[Symbol.dispose]();
    view.subscribe('a', () => heard.push('added'));
  });
  subscriptions.push(view.subscribe('a', () => heard.push('second')));
  apply(changeOf({ a: 1 }, 1));
  expect(heard).toEqual(['first']);
  apply(changeOf({ a: 2 }, 2));
  expect(heard).toEqual(['first', 'first', 'added']);
});

test('a listener that throws is reported and stops nobody else', () => {
  const { view, apply, errors } = createSource();
  let wasCalled = false;
  view.subscribe('a', () => {
    throw new Error('listener');
  });
  view.subscribe('a', () => (wasCalled = true));
  apply(changeOf({ a: 1 }, 1));
  expect(wasCalled).toBe(true);
  expect(errors).toMatchObject([{ message: 'listener' }]);
});

test('a branch reads, subscribes and snapshots from its own root', () => {
  const { view, apply } = createSource({ app: { mail: { host: 'a' } } });
  const mail = view.branch('app').branch('mail');
  const heard: unknown[] = [];
  mail.subscribe('host', (value) => heard.push(value));
  mail.subscribe('', (value) => heard.push(value));
  apply(changeOf({ 'app.mail.host': 'b', other: 1 }, 2));
  expect(heard).toEqual(['b', { host: 'b' }]);
  expect(mail.get()).toEqual({ host: 'b' });
  expect(mail.require('host')).toBe('b');
  expect(mail.snapshot().values).toEqual({ host: 'b' });
  expect(() => mail.require('hots')).toThrow('the configuration has no "app.mail.hots": did you mean "app.mail.host"?');
});

test('a snapshot stays as it was', () => {
  const { view, apply } = createSource({ a: 1 });
  const before = view.snapshot();
  apply(changeOf({ a: 2, 'b.c': 3 }, 2));
  expect([before.revision, before.get('a'), before.exists('b')]).toEqual([0, 1, false]);
  const after = view.snapshot();
  expect(after.values).toEqual({ a: 2, 'b.c': 3 });
  expect(after.branch('b').get('c')).toBe(3);
});

test('a typed read gives what the schema makes, or says what is wrong without the value', () => {
  const { view, apply } = createSource();
  apply(snapshotOf({ port: 25, password: 'hunter2', 'mail.host': 'a' }));
  expect(view.read('port', v.pipe(v.number(), v.integer()))).toBe(25);
  expect(view.read('absent', v.optional(v.string(), 'fallback'))).toBe('fallback');
  const mail = view.read('mail', v.object({ host: v.string() }));
  expect(mail.host).toBe('a');
  const check = (path: string, schema: v.GenericSchema, message: string): void =>
    expect(() => view.read(path, schema)).toThrow(message);
  check('password', v.number(), 'the configuration "password" cannot be used: it must be number');
  check('port', v.pipe(v.number(), v.maxValue(10)), 'the configuration "port" cannot be used: it must be <=10');
  check(
    'port',
    v.pipe(v.number(), v.maxValue(10, 'at most ten')),
    'the configuration "port" cannot be used: at most ten',
  );
  check('mail', v.object({ host: v.number() }), 'the configuration "mail.host" cannot be used');
  expect(() => view.read('password', v.number())).not.toThrow('hunter2');
});

test('a change set that does not pass the check is refused as a whole, and tried again with what its source says next', () => {
  const heard: unknown[] = [];
  const { view, apply } = createLayeredConfig({
    sourceNames: ['low', 'high'],
    onListenerError: (error) => heard.push(error),
    check: (snapshot) => (Number(snapshot.get('min')) > Number(snapshot.get('max')) ? ['min is above max'] : []),
  });
  view.subscribe('', (value, { revision }, before) => heard.push([value, revision, before.get()]));
  const say = (index: number, values: Record<string, ConfigValue>, revision?: number): readonly string[] =>
    apply(new Map([[index, { revision, values: saidBy('file', Object.entries(values)) }]]));
  expect(say(0, { min: 1, max: 5 }, 1)).toEqual([]);
  expect(say(1, { min: 9, title: 'x' }, 2)).toEqual(['min is above max']);
  expect([view.get(), view.revision]).toEqual([{ min: 1, max: 5 }, 1]);
  expect(view.explain('title').statements).toEqual([]);
  const change = new Map([['colour', { value: 'red', origin: { source: 'file' } }]]);
  expect(apply(new Map([[1, { revision: 3, changes: change }]]))).toEqual(['min is above max']);
  expect(say(0, { min: 1, max: 6 }, 4)).toEqual([]);
  expect(view.get()).toEqual({ min: 1, max: 6 });
  expect(say(0, { min: 1, max: 10 }, 5)).toEqual([]);
  expect(view.exists('title')).toBe(false);
  expect(apply(new Map([[1, { revision: 6, changes: new Map() }]]))).toEqual([]);
  expect(view.revision).toBe(6);
  expect(view.get()).toEqual({ min: 9, max: 10, title: 'x', colour: 'red' });
  expect(heard.map((one) => (one as unknown[])[0])).toEqual([
    { min: 1, max: 5 },
    { min: 1, max: 6 },
    { min: 1, max: 10 },
    { min: 9, max: 10, title: 'x', colour: 'red' },
  ]);
});

test('a change that a listener makes is told when all have heard of the one before', () => {
  const { view, apply } = createSource();
  const heard: string[] = [];
  view.subscribe('a', (value) => {
    heard.push(`first ${JSON.stringify(value)}`);
    if (value === 1) apply(changeOf({ a: 2 }, 2));
  });
  view.subscribe('a', (value) => heard.push(`second ${JSON.stringify(value)}`));
  apply(changeOf({ a: 1 }, 1));
  expect(heard).toEqual(['first 1', 'second 1', 'first 2', 'second 2']);
});
