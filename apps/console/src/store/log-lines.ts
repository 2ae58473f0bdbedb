/** The tail of a log: bounded, filtered, without the terminal's colour codes. */
import type { LogLine } from '@plumb/deploy';

export type TailLine = LogLine & {
  /** Counts up within one tail; the key of its row. */
  readonly id: number;
};

/** Lines that the page keeps: enough for a stack trace and its cause, little enough to scroll smoothly. */
export const LOG_LINES_MAX = 2_000;

export function appendLines(tail: readonly TailLine[], lines: readonly LogLine[]): readonly TailLine[] {
  const next = (tail.at(-1)?.id ?? 0) + 1;
  const added = lines.map((line, index) => ({ ...line, line: stripColors(line.line), id: next + index }));
  return [...tail, ...added].slice(-LOG_LINES_MAX);
}

export type LogFilter = {
  /** Part of the line, in any case. */
  readonly text: string;
  /** `APPLICATION/COMPONENT`; empty for all. */
  readonly unit: string;
};

export function filterLines(tail: readonly TailLine[], { text, unit }: LogFilter): readonly TailLine[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '' && unit === '') return tail;
  return tail.filter((line) => (unit === '' || line.unit === unit) && line.line.toLowerCase().includes(wanted));
}

/** For the clipboard: time, unit and text of each line. */
export function linesAsText(lines: readonly TailLine[]): string {
  return lines.map(({ at, unit, line }) => `${new Date(at).toISOString()} ${unit} ${line}`).join('\n');
}

/** Without SGR and other CSI sequences (ECMA-48, part 5.4), which only a terminal shows. */
export function stripColors(line: string): string {
  // oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
  return line.replaceAll(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '');
}
