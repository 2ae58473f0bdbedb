import fc from 'fast-check';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { createConfigSource } from './config.ts';
import type { ConfigFeedEvent, ConfigValue } from './feed.ts';

function open(
  defaults: Record<string, ConfigValue> = {},
): ReturnType<typeof createConfigSource> & { failures: unknown[] } {
  const failures: unknown[] = [];
  return { ...createConfigSource(defaults, (error) => failures.push(error)), failures };
}

const snapshot = (values: Record<string, ConfigValue>, revision = 1): ConfigFeedEvent => ({
  kind: 'snapshot',
  revision,
  values,
});
const change = (revision: number, ...changes: { key: string; value?: ConfigValue }[]): ConfigFeedEvent => ({
  kind: 'change',
  revision,
  changes,
});

test('values are read by path, and a branch is the object that its keys make', () => {
  const { view, apply } = open();
  apply(snapshot({ title: 'Tip jar', 'mail.host': 'localhost', 'mail.port': 25, tags: ['a', 'b'] }));
  expect(view.get('title')).toBe('Tip jar');
  expect(view.get('mail')).toEqual({ host: 'localhost', port: 25 });
  expect(view.branch('mail').get('port')).toBe(25);
  expect(view.branch('mail').branch('').get('host')).toBe('localhost');
  expect(view.get('mai')).toBeUndefined();
  expect(view.get('tags')).toEqual(['a', 'b']);
  expect(() => view.require('mail.user')).toThrow('the configuration has no "mail.user"');
});

test('zero, false, null and the empty text exist, and changes away from them are told', () => {
  const { view, apply } = open();
  apply(snapshot({ zero: 0, no: false, nothing: null, empty: '' }));
  for (const key of ['zero', 'no', 'nothing', 'empty']) expect(view.exists(key)).toBe(true);
  const told: unknown[] = [];
  using _subscription = view.subscribe('zero', (value) => told.push(value));
  apply(change(2, { key: 'zero', value: 1 }));
  apply(change(3, { key: 'zero', value: 0 }));
  expect(told).toEqual([1, 0]);
});

test('defaults stand where nobody has set a value, come back when it is unset, and give way to a contradicting path', () => {
  const { view, apply } = open({ title: 'Tip jar', mail: { host: 'localhost', port: 25 } });
  expect(view.get('mail.port')).toBe(25);
  apply(snapshot({ title: 'Coffee fund', mail: 'off' }));
  expect(view.get('mail')).toBe('off');
  apply(change(2, { key: 'title' }));
  expect(view.get('title')).toBe('Tip jar');
});

test('a listener is told once a change set, with all of the new revision in force, and of deletion', () => {
  const { view, apply } = open();
  apply(snapshot({ 'mail.host': 'a', 'mail.port': 1, other: 0 }));
  const told: unknown[] = [];
  const subscription = view.subscribe('mail', (value, { revision }) =>
    told.push([revision, value, view.get('mail.port')]),
  );
  apply(change(2, { key: 'mail.host', value: 'b' }, { key: 'mail.port', value: 2 }));
  apply(change(3, { key: 'other', value: 9 }));
  apply(snapshot({ 'mail.host': 'b', 'mail.port': 2, other: 9 }, 4)); // Nothing differs: nothing is told.
  apply(change(5, { key: 'mail.host' }, { key: 'mail.port' }));
  expect(told).toEqual([
    [2, { host: 'b', port: 2 }, 2],
    [5, undefined, undefined],
  ]);
  subscription[Symbol.dispose]();
  apply(change(6, { key: 'mail.host', value: 'c' }));
  expect(told).toHaveLength(2);
});

test('a listener that throws stops nobody else', () => {
  const { view, apply, failures } = open();
  const told: unknown[] = [];
  view.subscribe('a', () => {
    throw new Error('boom');
  });
  view.subscribe('', (value) => told.push(value));
  apply(snapshot({ a: 1 }));
  expect(told).toEqual([{ a: 1 }]);
  expect(failures).toHaveLength(1);
});

test('a typed read refuses what does not fit, without repeating the value', () => {
  const { view, apply } = open();
  apply(snapshot({ port: 'hunter2' }));
  expect(() => view.read('port', v.number())).toThrow('the configuration "port" cannot be used: it must be number');
  expect(() => view.read('port', v.number())).not.toThrow('hunter2');
  expect(view.read('absent', v.optional(v.number(), 7))).toBe(7);
});

test('what is handed out cannot be changed', () => {
  const { view, apply } = open();
  apply(snapshot({ list: [1, [2]], 'a.b': 1 }));
  expect(Object.isFrozen(view.get('list'))).toBe(true);
  expect(Object.isFrozen((view.get('list') as ConfigValue[])[1])).toBe(true);
  expect(Object.isFrozen(view.get('a'))).toBe(true);
  expect(Object.isFrozen(view.snapshot().values)).toBe(true);
});

// Goal: whatever is fed, the view is the last word on each key, and a snapshot once taken never changes.
test('any feed ends with the values that it says, and earlier snapshots stay as they were', () => {
  const key = fc.constantFrom('a', 'b', 'c.d', 'c.e');
  const value = fc.constantFrom<ConfigValue>(0, 1, '', 'x', false, null, [1]);
  const event = fc.oneof(
    fc.record({ kind: fc.constant('snapshot' as const), values: fc.dictionary(key, value) }),
    fc.record({
      kind: fc.constant('change' as const),
      changes: fc.array(fc.record({ key, value }, { requiredKeys: ['key'] }), { maxLength: 4 }),
    }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), (events) => {
      const { view, apply } = open();
      const model = new Map<string, ConfigValue>();
      const taken: [object, string][] = [];
      events.forEach((given, index) => {
        apply({ ...given, revision: index + 1 });
        if (given.kind === 'snapshot') {
          model.clear();
          for (const [name, set] of Object.entries(given.values)) model.set(name, set);
        } else {
          for (const { key: name, value: set } of given.changes) {
            if (set === undefined) model.delete(name);
            else model.set(name, set);
          }
        }
        expect(view.snapshot()).toEqual({ revision: index + 1, values: Object.fromEntries(model) });
        taken.push([view.snapshot(), JSON.stringify(view.snapshot())]);
      });
      for (const [kept, text] of taken) expect(JSON.stringify(kept)).toBe(text);
    }),
  );
});
