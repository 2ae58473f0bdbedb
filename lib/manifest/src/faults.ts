import { OperatingError } from '@plumb/base';
import type { Fault } from './manifest.ts';
import type { Place } from './node.ts';

/** Faults told at once. A file with more is not a manifest with typing errors, and the answer must stay readable. */
const FAULTS_MAX = 100;

/** Collects every mistake of a file, so that a person mends it in one go. The same mistake at one place counts once. */
export class Faults {
  readonly #file: string;
  readonly #faults = new Map<string, Fault>();

  constructor(file: string) {
    this.#file = file;
  }

  get count(): number {
    return this.#faults.size;
  }

  add({ at, path }: Place, message: string): void {
    const key = `${at.line}:${at.column}:${message}`;
    if (this.#faults.has(key)) return;
    this.#faults.set(key, { file: this.#file, line: at.line, column: at.column, path, message });
  }

  /** @throws OperatingError `invalid` when there is a fault: the first `FAULTS_MAX` in the order of the file. */
  throwIfAny(): void {
    if (this.#faults.size === 0) return;
    const sorted = [...this.#faults.values()].sort((a, b) => a.line - b.line || a.column - b.column);
    const faults = sorted.slice(0, FAULTS_MAX);
    const lines = faults.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
    if (sorted.length > faults.length) lines.push(`and ${sorted.length - faults.length} more`);
    throw new OperatingError('invalid', lines.join('\n'), { details: { faults } });
  }
}
