import { expect, test } from 'vitest';
import { draftOf, readDraft } from './config-draft.ts';

test('a draft begins as the value is, and gives it back', () => {
  for (const value of ['text', '', 25, true, ['a', 1]]) {
    expect(readDraft(draftOf(value))).toEqual({ kind: 'value', value });
  }
  expect(draftOf(undefined)).toEqual({ type: 'text', text: '' });
});

test('a secret begins empty, is never given as a value, and may not be empty', () => {
  expect(draftOf({ $sealed: 'YWdl', to: ['age1abc'] })).toEqual({ type: 'secret', text: '' });
  expect(readDraft({ type: 'secret', text: 's3cret' })).toEqual({ kind: 'secret', text: 's3cret' });
  expect(readDraft({ type: 'secret', text: '' })).toMatchObject({ kind: 'fault' });
});

test('text that does not fit its type is refused with what would', () => {
  expect(readDraft({ type: 'number', text: 'many' })).toEqual({ kind: 'fault', message: 'write a number, like 0.01' });
  expect(readDraft({ type: 'boolean', text: 'yes' })).toMatchObject({ kind: 'fault' });
  expect(readDraft({ type: 'list', text: '{"a":1}' })).toMatchObject({ kind: 'fault' });
  expect(readDraft({ type: 'text', text: '25' })).toEqual({ kind: 'value', value: '25' });
});
