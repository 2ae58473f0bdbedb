/** Asking the person at the terminal, and showing how far something is. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { clearLine, cursorTo } from 'node:readline';

/**
 * As `Shell.ask`; Ctrl-C, Ctrl-D and the end of the command answer nothing, which is the empty text. The question goes to
 * stderr, so that the answer of the command can be piped.
 */
export async function askPerson(
  question: string,
  { isHidden = false, signal }: { readonly isHidden?: boolean; readonly signal: AbortSignal },
): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  // Of a hidden answer nothing is echoed, and so the question is not either.
  const output = isHidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : process.stderr;
  const reader = createInterface({ input: process.stdin, output, terminal: true });
  // Only then: what is typed earlier would still be echoed.
  if (isHidden) process.stderr.write(question);
  const { promise, resolve } = Promise.withResolvers<string>();
  reader.once('close', () => resolve(''));
  reader.on('SIGINT', () => reader.close());
  reader.question(question, { signal }).then(resolve, () => resolve(''));
  try {
    return await promise;
  } finally {
    reader.close();
    if (isHidden) process.stderr.write('\n');
  }
}

/** Of a terminal that does not tell how wide it is. */
const COLUMNS = 80;

/** One line at the end of `stream` that is drawn over itself; nothing where it is no terminal. */
export function createProgressLine(stream: NodeJS.WriteStream): (line: string | undefined) => void {
  let isShown = false;
  return (line) => {
    if (!stream.isTTY || (line === undefined && !isShown)) return;
    cursorTo(stream, 0);
    clearLine(stream, 0);
    if (line !== undefined) stream.write(line.slice(0, (stream.columns || COLUMNS) - 1));
    isShown = line !== undefined;
  };
}
