/** What the writers of the crash test do, and what each of their changes must look like. */
import type { ChangeEvent, Entry, Operation, TransactionOptions } from '../src/index.ts';

export const WRITERS = 8;
/** How many numbers back a writer deletes what it logged. */
export const LOG_KEPT = 20;
/** How many numbers share a lease. */
export const LEASE_KEPT = 5;
/** Longer than the test: leases end by a writer's hand only. */
export const LEASE_TTL_MS = 86_400_000;

type CrashTransaction = { readonly operations: readonly Operation[]; readonly options: TransactionOptions };

/**
 * What a writer puts for `number`: the same text left and right, a line in its log, one line fewer, and two keys with a lease.
 * Every other number takes the branch for conditions that do not hold.
 */
export function transactionOf(writer: number, number: number, paddingBytes: number): CrashTransaction {
  const value = Buffer.from(String(number));
  const leaseId = leaseOf(writer, number);
  const [first, second] = leasedKeys(writer);
  const operations: Operation[] = [
    { kind: 'put', key: `left/${writer}`, value },
    { kind: 'put', key: `padding/${writer}`, value: Buffer.alloc(paddingBytes, number % 256) },
    { kind: 'put', key: logKey(writer, number), value },
    { kind: 'put', key: first, value, leaseId },
    { kind: 'delete', key: logKey(writer, number - LOG_KEPT) },
    { kind: 'put', key: second, value, leaseId },
    { kind: 'put', key: `right/${writer}`, value },
  ];
  const wrong: Operation[] = [{ kind: 'put', key: `wrong/${writer}`, value }];
  const holds = { key: `wrong/${writer}`, modRevision: 0 };
  if (number % 2 === 0) return { operations, options: { compare: [holds], otherwise: wrong } };
  return { operations: wrong, options: { compare: [{ ...holds, modRevision: 1 }], otherwise: operations } };
}

/** The lease of the numbers from one after a multiple of `LEASE_KEPT` to the next. */
export function leaseOf(writer: number, number: number): string {
  return `${writer}-${Math.floor((number - 1) / LEASE_KEPT)}`;
}

export function leasedKeys(writer: number): readonly [string, string] {
  return [`leased/${writer}/first`, `leased/${writer}/second`];
}

export function logKey(writer: number, number: number): string {
  return `log/${writer}/${String(number).padStart(12, '0')}`;
}

export function numberOf({ value }: Entry): number {
  return Number(Buffer.from(value).toString());
}

/** `WRITER NUMBER` for a whole transaction, `WRITER end` for the end of a lease. @throws Error for half of one. */
export function describeChange({ revision, puts, deletes }: ChangeEvent): string {
  const writer = Number((puts[0]?.key ?? deletes[0])?.split('/')[1]);
  const [first, second] = leasedKeys(writer);
  if (puts.length === 0 && deletes.join() === [first, second].join()) return `${writer} end`;
  const number = numberOf(puts[0] as Entry);
  const keys = [first, second, `left/${writer}`, logKey(writer, number), `padding/${writer}`, `right/${writer}`];
  const deleted = number > LOG_KEPT ? [logKey(writer, number - LOG_KEPT)] : [];
  const isWhole =
    puts.map(({ key }) => key).join() === keys.join() &&
    deletes.join() === deleted.join() &&
    puts.every((entry) => entry.modRevision === revision) &&
    puts.every((entry) => entry.key.startsWith('padding/') || numberOf(entry) === number);
  if (isWhole) return `${writer} ${number}`;
  const found = puts.map((entry) => `${entry.key}@${entry.modRevision}`).join();
  throw new Error(`revision ${revision} is not whole: it put ${found} and deleted ${deletes.join()}`);
}
