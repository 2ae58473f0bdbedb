/** PromQL text as tokens with their places. Keywords are identifiers here: whether a word is one depends on where it is. */
import { parseError, type Span } from './parse-error.ts';
import { readString } from './string-literal.ts';

export type TokenKind = 'identifier' | 'number' | 'duration' | 'string' | 'symbol' | 'end';
export type Token = Span & {
  readonly kind: TokenKind;
  /** As written; a string's content. */
  readonly text: string;
  /** Of a number; seconds of a duration. */
  readonly value: number;
};

const SPACE = /(?:\s|#[^\n]*)+/y;
const IDENTIFIER = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
/** Inside brackets a colon separates a range from its step. */
const BRACKET_IDENTIFIER = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const DURATION = /(?=\d)(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?(?![a-zA-Z0-9_.])/y;
const NUMBER = /0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const WORD_NUMBER = /^(inf|nan)$/i;
const SYMBOL = /<\/|>\/|==|=~|!=|!~|<=|>=|[-+*/%^=<>(){}[\],:@]/y;
const UNIT_SECONDS: Readonly<Record<string, number>> = {
  y: 31_536_000,
  w: 604_800,
  d: 86_400,
  h: 3_600,
  m: 60,
  s: 1,
  ms: 0.001,
};

/** All tokens, the last of kind `end`. @throws OperatingError `invalid` with the place of what is no token. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  let bracketDepth = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = offset;
    const found = pattern.exec(text)?.[0];
    return found === '' ? undefined : found;
  };
  for (;;) {
    offset += match(SPACE)?.length ?? 0;
    if (offset >= text.length) break;
    const token = nextToken(text, offset, match, bracketDepth > 0);
    if (token.text === '[' && token.kind === 'symbol') bracketDepth += 1;
    if (token.text === ']' && token.kind === 'symbol') bracketDepth -= 1;
    tokens.push(token);
    offset = token.end;
  }
  return [...tokens, { kind: 'end', text: '', value: 0, start: text.length, end: text.length }];
}

function nextToken(
  text: string,
  start: number,
  match: (pattern: RegExp) => string | undefined,
  inBrackets: boolean,
): Token {
  const make = (kind: TokenKind, word: string, value = 0): Token => ({
    kind,
    text: word,
    value,
    start,
    end: start + word.length,
  });
  const quote = text[start] ?? '';
  if (quote === '"' || quote === "'" || quote === '`') {
    const { value, end } = readString(text, start);
    return { kind: 'string', text: value, value: 0, start, end };
  }
  const duration = match(DURATION);
  if (duration !== undefined && /[a-z]/.test(duration))
    return make('duration', duration, parseDurationSeconds(duration));
  const number = match(NUMBER);
  if (number !== undefined) {
    const next = text[start + number.length] ?? '';
    if (/[a-zA-Z0-9_.]/.test(next)) {
      const end = start + (/^[\w.]+/.exec(text.slice(start))?.[0].length ?? 1);
      throw parseError(
        text,
        { start, end },
        `"${text.slice(start, end)}" is neither a number nor a duration such as 5m or 1h30m`,
      );
    }
    return make('number', number, Number(number));
  }
  const word = match(inBrackets ? BRACKET_IDENTIFIER : IDENTIFIER);
  if (word !== undefined) {
    if (!WORD_NUMBER.test(word)) return make('identifier', word);
    return make('number', word, word.toLowerCase() === 'inf' ? Infinity : NaN);
  }
  const symbol = match(SYMBOL);
  if (symbol !== undefined) return make('symbol', symbol);
  throw parseError(
    text,
    { start, end: start + 1 },
    `unexpected character "${String.fromCodePoint(text.codePointAt(start) ?? 0)}"`,
  );
}

/** Seconds of text such as `1h30m`, whose units come largest first. A year has 365 days. */
function parseDurationSeconds(text: string): number {
  const parts = [...text.matchAll(/(\d+)(ms|[ywdhms])/g)];
  const milliseconds = parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNIT_SECONDS[unit ?? ''] ?? 0) * 1_000,
    0,
  );
  return milliseconds / 1_000;
}
