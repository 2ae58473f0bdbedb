/** Asking the person at the terminal, and showing how far something is. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { clearLine, cursorTo } from 'node:readline';

/** As `Shell.ask`. Ctrl-C aborts `stop`. The question goes to stderr, so that the answer of the command can be piped. */
export async function askPerson(
  question: string,
  { isHidden = false, stop }: { readonly isHidden?: boolean; readonly stop: AbortController },
): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  // Of a hidden answer nothing is echoed, and so the question is not either.
  const output = isHidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : process.stderr;
  if (isHidden) process.stderr.write(question);
  const reader = createInterface({ input: process.stdin, output, terminal: true });
  reader.on('SIGINT', () => stop.abort());
  try {
    return await reader.question(question, { signal: stop.signal });
  } finally {
    reader.close();
    if (isHidden) process.stderr.write('\n');
  }
}

/** One line at the end of `stream` that is drawn over itself; nothing where it is no terminal. */
export function createProgressLine(stream: NodeJS.WriteStream): (line: string | undefined) => void {
  let isShown = false;
  return (line) => {
    if (!stream.isTTY || (line === undefined && !isShown)) return;
    cursorTo(stream, 0);
    clearLine(stream, 0);
    if (line !== undefined) stream.write(line.slice(0, Math.max(0, stream.columns - 1)));
    isShown = line !== undefined;
  };
}
