import { expect, test } from 'vitest';
import { type KeyPress, readKey, SEQUENCE_MS_MAX } from './shortcuts.ts';

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  isMod: false,
  isAlt: false,
  isTyping: false,
  at: 0,
  ...more,
});

test('a sequence of two keys', () => {
  const { pending } = readKey(undefined, press('g'));
  expect(pending).toEqual({ key: 'g', at: 0 });
  expect(readKey(pending, press('o', { at: SEQUENCE_MS_MAX }))).toEqual({ action: 'overview' });
});

test('a second key that comes late, or leads nowhere, does nothing', () => {
  const { pending } = readKey(undefined, press('g'));
  expect(readKey(pending, press('o', { at: SEQUENCE_MS_MAX + 1 }))).toEqual({});
  expect(readKey(pending, press('x', { at: 10 }))).toEqual({});
});

test('the first key again begins again', () => {
  const { pending } = readKey(undefined, press('g'));
  expect(readKey(pending, press('g', { at: 10 }))).toEqual({ pending: { key: 'g', at: 10 } });
});

test('while typing only keys with Ctrl or Cmd count', () => {
  expect(readKey(undefined, press('?', { isTyping: true }))).toEqual({});
  expect(readKey(undefined, press('K', { isTyping: true, isMod: true }))).toEqual({ action: 'palette' });
});

test('keys of the browser and of the system stay theirs', () => {
  expect(readKey(undefined, press('t', { isMod: true }))).toEqual({});
  expect(readKey(undefined, press('?', { isAlt: true }))).toEqual({});
});
