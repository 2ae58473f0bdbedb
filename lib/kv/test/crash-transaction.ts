import type { Operation } from '../src/index.ts';

export const WRITERS = 8;
/** How many numbers back a writer deletes what it logged. */
export const LOG_KEPT = 20;

/** What a writer puts for `number`: the same text left and right, a line in its log, and one line fewer. */
export function transactionOf(writer: number, number: number, paddingBytes: number): Operation[] {
  const value = Buffer.from(String(number));
  return [
    { kind: 'put', key: `left/${writer}`, value },
    { kind: 'put', key: `padding/${writer}`, value: Buffer.alloc(paddingBytes, number % 256) },
    { kind: 'put', key: logKey(writer, number), value },
    { kind: 'delete', key: logKey(writer, number - LOG_KEPT) },
    { kind: 'put', key: `right/${writer}`, value },
  ];
}

export function logKey(writer: number, number: number): string {
  return `log/${writer}/${String(number).padStart(12, '0')}`;
}
