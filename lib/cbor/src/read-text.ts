import { SHORT_ASCII_LENGTH_MAX, shortAscii } from './short-ascii.ts';

/** The text of `length` bytes from `at`, which must all be there. What is not UTF-8 becomes U+FFFD. */
export function readText(bytes: Buffer, at: number, length: number): string {
  const text = length <= SHORT_ASCII_LENGTH_MAX ? shortAscii(bytes, at, length) : undefined;
  return text ?? bytes.toString('utf8', at, at + length);
}
