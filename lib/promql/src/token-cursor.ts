/** A place in the tokens of an expression: what every part of the grammar reads from. */
import { type Token, tokenize } from './lexer.ts';
import { parseError, type Span } from './parse-error.ts';

/** What a token is, for a message. */
export function describeToken(token: Token): string {
  return token.kind === 'end' ? 'end of the expression' : `${token.kind} "${token.text}"`;
}

/** Steps through tokens, one or two ahead. Keywords are compared without regard to case. */
export class TokenCursor {
  readonly text: string;
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(text: string) {
    this.text = text;
    this.#tokens = tokenize(text);
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#index + ahead, this.#tokens.length - 1)] as Token;
  }

  next(): Token {
    const token = this.peek();
    this.#index += 1;
    return token;
  }

  isSymbol(symbol: string, ahead = 0): boolean {
    const { kind, text } = this.peek(ahead);
    return kind === 'symbol' && text === symbol;
  }

  isWord(word: string, ahead = 0): boolean {
    const { kind, text } = this.peek(ahead);
    return kind === 'identifier' && text.toLowerCase() === word;
  }

  takeSymbol(symbol: string): boolean {
    const isThere = this.isSymbol(symbol);
    if (isThere) this.#index += 1;
    return isThere;
  }

  takeWord(word: string): boolean {
    const isThere = this.isWord(word);
    if (isThere) this.#index += 1;
    return isThere;
  }

  expectSymbol(symbol: string, where: string): Token {
    const token = this.next();
    if (token.kind !== 'symbol' || token.text !== symbol)
      throw this.error(token, `expected "${symbol}" ${where}, found ${describeToken(token)}`);
    return token;
  }

  error(span: Span, reason: string): Error {
    return parseError(this.text, span, reason);
  }

  spanFrom(start: number): Span {
    return { start, end: (this.#tokens[this.#index - 1] ?? this.peek()).end };
  }
}
