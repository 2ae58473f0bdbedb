import type { ConfigValue } from '@plumb/config/feed';
import type { ConfigEntry } from '@plumb/config-store';
import { expect, test } from 'vitest';
import { findEntries, type KeyFilter, rowWindow, shortValue } from './config-list.ts';

const SEALED = { $sealed: 'YWdl', to: ['age1abc'] };

const entry = (key: string, value: ConfigValue, layer = 'manifest'): ConfigEntry => ({
  application: 'tipjar',
  key,
  value,
  layer,
  revision: 1,
  author: 'ada',
  at: 0,
});

const entries = [
  entry('mail.host', 'mx.example'),
  entry('mail.password', SEALED, 'env:live'),
  entry('mail.port', 25, 'common'),
  entry('title', 'Mail room'),
];

const keys = (text: string, filter: KeyFilter = 'all'): string[] =>
  findEntries(entries, { text, filter, unused: new Set(['title']) }).map(({ key }) => key);

test('all words must be found, in the key or the value, whatever their case', () => {
  expect(keys('')).toHaveLength(4);
  expect(keys('mail')).toHaveLength(4);
  expect(keys('MAIL host')).toEqual(['mail.host']);
  expect(keys('room mail')).toEqual(['title']);
  expect(keys('25')).toEqual(['mail.port']);
});

test('the bytes of a secret are not searched', () => {
  expect(keys('YWdl')).toEqual([]);
  expect(keys('age1')).toEqual([]);
  expect(keys('password')).toEqual(['mail.password']);
});

test('filters: what is set over the manifest, secrets, and what nobody reads', () => {
  expect(keys('', 'set')).toEqual(['mail.password', 'mail.port']);
  expect(keys('', 'secret')).toEqual(['mail.password']);
  expect(keys('', 'unused')).toEqual(['title']);
});

test('a value on one line says what is there without telling secrets', () => {
  expect([undefined, '', 0, ['a'], SEALED].map(shortValue)).toEqual(['–', '(empty)', '0', '["a"]', 'secret']);
});

test('of ten thousand rows those in sight are drawn, and some around them', () => {
  expect(rowWindow(10_000, 36, 0, 900)).toEqual({ from: 0, to: 37 });
  expect(rowWindow(10_000, 36, 3_600, 900)).toEqual({ from: 88, to: 137 });
  expect(rowWindow(10_000, 36, 359_500, 900)).toEqual({ from: 9_974, to: 10_000 });
  expect(rowWindow(3, 36, -400, 900)).toEqual({ from: 0, to: 3 });
  expect(rowWindow(0, 36, 0, 900)).toEqual({ from: 0, to: 0 });
});
