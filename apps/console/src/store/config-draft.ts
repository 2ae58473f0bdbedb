/** A value while it is being written: its type, its text, and what is wrong with it. */
import { type ConfigValue, isSealedValue } from '@plumb/config/feed';
import { parseValue, valueText } from './config-value.ts';

export const DRAFT_TYPES = ['text', 'number', 'boolean', 'list', 'secret'] as const;
export type DraftType = (typeof DRAFT_TYPES)[number];

export type Draft = { readonly type: DraftType; readonly text: string };

/** The draft that leads to `value`. A secret begins empty: what it is now is not shown. */
export function draftOf(value: ConfigValue | undefined): Draft {
  if (isSealedValue(value)) return { type: 'secret', text: '' };
  if (Array.isArray(value)) return { type: 'list', text: JSON.stringify(value, undefined, 1) };
  if (typeof value === 'number' || typeof value === 'boolean')
    return { type: typeof value as 'number', text: String(value) };
  return { type: 'text', text: value === undefined || value === null ? '' : valueText(value) };
}

export type DraftOutcome =
  | { readonly kind: 'value'; readonly value: ConfigValue }
  /** To be sealed before it leaves. */
  | { readonly kind: 'secret'; readonly text: string }
  | { readonly kind: 'fault'; readonly message: string };

const EXAMPLES = { number: 0, boolean: false, list: [] } as const;

export function readDraft({ type, text }: Draft): DraftOutcome {
  switch (type) {
    case 'text':
      return { kind: 'value', value: text };
    case 'secret':
      return text === '' ? { kind: 'fault', message: 'write the secret' } : { kind: 'secret', text };
    case 'number':
    case 'boolean':
    case 'list':
      return parseValue(text, EXAMPLES[type]);
  }
}
