import { StringDecoder } from 'node:string_decoder';

/** A longer line is cut into several: one line may not cost more memory than this, and people read lines. */
export const LINE_CHARS_MAX = 8_192;

/** Bytes to lines, without their ends (`\n` or `\r\n`). Characters that fall between two chunks stay whole. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  push(chunk: Uint8Array): string[] {
    return this.#split(this.#rest + this.#decoder.write(chunk));
  }

  /** What came after the last end of a line, if anything did. */
  end(): string[] {
    const text = this.#rest + this.#decoder.end();
    const lines = text === '' ? [] : this.#split(`${text}\n`);
    this.#rest = '';
    return lines;
  }

  #split(text: string): string[] {
    const lines: string[] = [];
    let from = 0;
    for (;;) {
      const end = text.indexOf('\n', from);
      const limit = end < 0 ? text.length : end;
      for (; limit - from > LINE_CHARS_MAX; from = cutAt(text, from)) lines.push(text.slice(from, cutAt(text, from)));
      if (end < 0) break;
      lines.push(text.slice(from, end > from && text[end - 1] === '\r' ? end - 1 : end));
      from = end + 1;
    }
    this.#rest = text.slice(from);
    return lines;
  }
}

/** Where a long line is cut: never inside a character of two halves. */
function cutAt(text: string, from: number): number {
  const end = from + LINE_CHARS_MAX;
  const code = text.charCodeAt(end - 1);
  return code >= 0xd800 && code <= 0xdbff ? end - 1 : end;
}
