/** Colour and tables for a terminal. Without a terminal, with NO_COLOR (no-color.org) or TERM=dumb: plain text. */
import { stripVTControlCharacters } from 'node:util';

export type Style = {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly red: (text: string) => string;
  readonly cyan: (text: string) => string;
};

export function createStyle(isColour: boolean): Style {
  const paint =
    (open: number, close: number) =>
    (text: string): string =>
      isColour ? `\u001B[${open}m${text}\u001B[${close}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    green: paint(32, 39),
    yellow: paint(33, 39),
    red: paint(31, 39),
    cyan: paint(36, 39),
  };
}

/** The states that units, alerts and incidents can be in, in the colour that says how they are, with a sign for those who see none. */
export function paintState(style: Style, state: string): string {
  if (['ready', 'resolved', 'running', 'up'].includes(state)) return style.green(`● ${state}`);
  if (
    ['starting', 'progressing', 'waiting', 'backoff', 'pending', 'stopping', 'lagging', 'acknowledged'].includes(state)
  ) {
    return style.yellow(`◐ ${state}`);
  }
  if (state === 'stopped') return style.dim(`○ ${state}`);
  return style.red(`✖ ${state}`);
}

/** Columns as wide as their widest cell, two spaces apart; the last is not padded. Colour codes take no room. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[], style: Style): string {
  const all = [header.map((cell) => style.dim(cell)), ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => visibleLength(row[column] ?? ''))));
  return all
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - visibleLength(cell)),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function visibleLength(text: string): number {
  // Code points: Intl.Segmenter would count better what nobody writes in a table, and costs 13 ms to load.
  return Array.from(stripVTControlCharacters(text)).length;
}

/** Takes out what could move the cursor or change colours: for text that programs printed. */
export function plainText(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[\p{Cc}--\t]/gv, '\uFFFD');
}
