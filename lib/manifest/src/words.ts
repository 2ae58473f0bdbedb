import { OperatingError } from '@plumb/base';

/** Words that only a shell gives a meaning to; alone and without quotes they are a sign that a shell was expected. */
const SHELL_WORDS: readonly string[] = ['|', '||', '&', '&&', ';', '<', '>', '>>', '2>', '2>&1'];

/**
 * The words of a command line as a POSIX shell splits them: blanks part words, single quotes keep everything, double
 * quotes keep all but `\"` and `\\`, a backslash outside quotes keeps the next character. Nothing is expanded.
 * @throws OperatingError `invalid` for an open quote, a backslash at the end, or an unquoted shell operator.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  // One word is a run of quoted and unquoted pieces; the last alternatives catch what is left open.
  const piece = /\s+|'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^\s'"\\]+)|(['"])[\s\S]*|\\$/g;
  let word: { text: string; isPlain: boolean } | undefined;
  const end = (): void => {
    if (word?.isPlain === true && SHELL_WORDS.includes(word.text)) throw shellNeeded(word.text);
    if (word !== undefined) words.push(word.text);
    word = undefined;
  };
  for (const [all, single, double, escaped, plain, open] of text.matchAll(piece)) {
    if (open !== undefined) throw new OperatingError('invalid', `the quote ${open} is not closed`);
    if (all === '\\') throw new OperatingError('invalid', 'ends with a backslash that keeps nothing');
    if (/^\s/.test(all)) {
      end();
      continue;
    }
    const value = single ?? double?.replaceAll(/\\(["\\])/g, '$1') ?? escaped ?? plain ?? '';
    const { text: before, isPlain } = word ?? { text: '', isPlain: true };
    word = { text: before + value, isPlain: isPlain && plain !== undefined };
  }
  end();
  return words;
}

function shellNeeded(word: string): OperatingError {
  return new OperatingError(
    'invalid',
    `"${word}" is for a shell, and no shell runs here: put it in quotes, or run one with [sh, -c, "…"]`,
  );
}
