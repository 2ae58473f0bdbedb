import { OperatingError } from '@plumb/base';

/** A stretch of the expression's text, in UTF-16 code units. */
export type Span = { readonly start: number; readonly end: number };
/** Line and column count from 1, the offset from 0. */
export type Position = { readonly line: number; readonly column: number; readonly offset: number };

export function positionOf(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n'), offset };
}

/**
 * An `OperatingError` with code `invalid` whose message begins `parse error at LINE:COLUMN:`. `details` hold `position` and
 * `length`, so that a caret can be drawn under the fault, and `reason`, the message without the place.
 */
export function parseError(text: string, { start, end }: Span, reason: string): OperatingError {
  const position = positionOf(text, start);
  const message = `parse error at ${position.line}:${position.column}: ${reason}`;
  return new OperatingError('invalid', message, { details: { position, length: Math.max(1, end - start), reason } });
}
