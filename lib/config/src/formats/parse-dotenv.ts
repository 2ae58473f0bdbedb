/**
 * The lines of a dotenv file: `NAME=value`, with `export` before it or not, and comments behind `#`. As `dotenv` and
 * Compose read them: a value without quotes ends at its line or before ` #`, in single quotes or backticks it is what
 * stands there, in double quotes `\n`, `\r`, `\t`, `\"`, `\\` and `\$` are escapes; a quoted one can have several lines.
 * Nothing is put in place of `$NAME`. A name that stands twice is a fault, since one of the two is a mistake.
 */
import type { OffsetFault } from './file-reading.ts';

export type Assignment = {
  readonly name: string;
  readonly text: string;
  /** In quotes it is meant as text. */
  readonly isQuoted: boolean;
  readonly offset: number;
};

export type Assignments = { readonly assignments: readonly Assignment[]; readonly faults: readonly OffsetFault[] };

const BLANK_LINES = /(?:[ \t\r\n\uFEFF]|#[^\n]*)*/y;
const NAME = /(?:export[ \t]+)?([A-Za-z_][\w.#-]*)[ \t]*=[ \t]*/y;
const QUOTED = /(?:"((?:[^"\\]|\\[^])*)"|'([^']*)'|`([^`]*)`)[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y;
const BARE = /([^\r\n]*?)[ \t]*(?:(?<=[ \t=])#[^\n]*)?(?:\r?\n|$)/y;
const LINE = /[^\n]*\n?/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' };

export function parseDotenv(text: string): Assignments {
  const assignments = new Map<string, Assignment>();
  const faults: OffsetFault[] = [];
  const take = (pattern: RegExp, at: number): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const endOf = (pattern: RegExp, at: number): number => at + (take(pattern, at)?.[0].length ?? 0);
  for (let at = endOf(BLANK_LINES, 0); at < text.length; at = endOf(BLANK_LINES, at)) {
    const head = take(NAME, at);
    if (head === null) {
      faults.push({ offset: at, reason: 'a line must be NAME=value, or begin with "#"' });
      at = endOf(LINE, at);
      continue;
    }
    const [{ length }, name = ''] = head;
    const offset = at + head[0].indexOf(name);
    const start = at + length;
    const isQuoted = /["'`]/.test(text[start] ?? '');
    const body = take(isQuoted ? QUOTED : BARE, start);
    at = body === null ? endOf(LINE, start) : start + Math.max(body[0].length, 1);
    if (body === null)
      faults.push({ offset: start, reason: `the quotes of ${name} are not closed, or something is behind them` });
    else if (assignments.has(name)) faults.push({ offset, reason: `${name} stands here twice` });
    else assignments.set(name, { name, text: isQuoted ? unquoted(body) : (body[1] ?? ''), isQuoted, offset });
  }
  return { assignments: [...assignments.values()], faults };
}

function unquoted([, double = '', single, backtick]: RegExpExecArray): string {
  return single ?? backtick ?? double.replace(/\\([nrt"\\$])/g, (_, char: string) => ESCAPES[char] ?? char);
}
