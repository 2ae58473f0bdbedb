/** Which values of a file are encrypted. SOPS has six ways to say it, of which a file uses one. */
import { OperatingError } from '@plumb/base';
import { RE2JS } from 're2js';

export const SOPS_RULES = [
  'unencrypted_suffix',
  'encrypted_suffix',
  'unencrypted_regex',
  'encrypted_regex',
  'unencrypted_comment_regex',
  'encrypted_comment_regex',
] as const;
export type SopsRuleName = (typeof SOPS_RULES)[number];

/** At most one of the six; without any it is `unencrypted_suffix: _unencrypted`. Patterns are those of RE2, found anywhere. */
export type SopsRules = {
  readonly rule?: { readonly name: SopsRuleName; readonly text: string };
  /** The MAC covers only what is encrypted. */
  readonly macOnlyEncrypted?: boolean;
};

export const DEFAULT_RULE = { name: 'unencrypted_suffix', text: '_unencrypted' } as const;

/**
 * Where a value or comment stands: the keys on the way, without places in lists, and for each map and list on the way the
 * comments right before.
 */
export type SopsPlace = {
  readonly keys: readonly string[];
  readonly comments: readonly (readonly string[])[];
  readonly isComment: boolean;
};

/** @throws OperatingError `invalid` for a pattern that is none. */
export function createRule({ rule = DEFAULT_RULE }: SopsRules): (place: SopsPlace) => boolean {
  const { name, text } = rule;
  const isMatch = name.endsWith('_suffix') ? (word: string) => word.endsWith(text) : createMatcher(name, text);
  switch (name) {
    case 'unencrypted_suffix':
    case 'unencrypted_regex':
      return ({ keys }) => !keys.some(isMatch);
    case 'encrypted_suffix':
    case 'encrypted_regex':
      return ({ keys }) => keys.some(isMatch);
    case 'unencrypted_comment_regex':
      return ({ comments }) => !comments.flat().some(isMatch);
    case 'encrypted_comment_regex':
      // The comment that asks for it is not encrypted itself.
      return ({ comments, isComment }) => (isComment ? comments.flat().slice(0, -1) : comments.flat()).some(isMatch);
  }
}

function createMatcher(name: string, text: string): (word: string) => boolean {
  try {
    const pattern = RE2JS.compile(text);
    return (word) => pattern.matcher(word).find();
  } catch {
    throw new OperatingError(
      'invalid',
      `${name} is not a regular expression of RE2: ${JSON.stringify(text)}; change it`,
    );
  }
}
