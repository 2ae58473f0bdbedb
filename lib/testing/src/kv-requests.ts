/** Random requests to a `Kv`. */
import type { Compare, Entry, KeyRange, Operation, RangeQuery, RangeSelection } from '@plumb/kv';
import fc from 'fast-check';

/** Few, so that they meet; with prefixes of each other, and in an order that UTF-16 and UTF-8 disagree on. */
export const KEYS = ['a', 'a/1', 'a/2', 'b', 'b/é', '\uFFFD', '\u{1F600}'] as const;
export const PREFIXES = ['', 'a', 'a/', 'b/', 'none'] as const;
const RANGES: readonly KeyRange[] = [
  { start: '' },
  { start: 'a/', end: 'a0' },
  { start: 'a', end: 'a\0' },
  { start: 'a/1', end: 'b/' },
  { start: 'b' },
  { start: '\uFFFD', end: '\u{1F600}' },
  { start: 'b', end: 'a' },
];

/** A random transaction; numbers and values in it are relative to what the store then holds, see `resolveCompare`. */
export type Draft = {
  readonly operations: readonly ({ readonly lease: boolean } & Operation)[];
  readonly otherwise: readonly ({ readonly lease: boolean } & Operation)[] | undefined;
  readonly compare: readonly DraftCompare[];
};
type DraftCompare = {
  readonly key: string;
  readonly range: KeyRange | undefined;
  readonly target: 'short' | 'value' | 'version' | 'create' | 'mod' | 'lease';
  readonly operator: '=' | '!=' | '<' | '>';
  /** Added to what the key has; -1 mostly does not hold. */
  readonly offset: number;
};
/** `revoke` ends the lease that the puts of drafts are with; `compact` goes back from the current revision. */
export type Request = Draft | 'revoke' | { readonly compact: number };
/** `back` from the current revision; -1 is not reached. */
export type DraftQuery = { readonly selection: RangeSelection; readonly back: number | undefined };

const key = fc.constantFrom(...KEYS);
export const range = fc.constantFrom(...RANGES);
const value = fc.uint8Array({ maxLength: 3, max: 3 });
const previous = fc.option(fc.boolean(), { nil: undefined });

export const selection: fc.Arbitrary<RangeSelection> = fc
  .record({
    range,
    limit: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    order: fc.constantFrom(undefined, 'ascending' as const, 'descending' as const),
    sortBy: fc.constantFrom(
      undefined,
      undefined,
      'key' as const,
      'version' as const,
      'create' as const,
      'mod' as const,
      'value' as const,
    ),
    keysOnly: previous,
    countOnly: fc.constantFrom(undefined, undefined, undefined, true),
  })
  .map(({ range: { start, end }, ...rest }) => ({ start, end, ...rest }));

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('put' as const), key, value, previous }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), key, previous }) },
  fc.record({ kind: fc.constant('delete-prefix' as const), prefix: fc.constantFrom(...PREFIXES), previous }),
  fc
    .tuple(range, previous)
    .map(([part, hasPrevious]) => ({ kind: 'delete-range' as const, ...part, previous: hasPrevious })),
  fc.record({ kind: fc.constant('get' as const), key }),
  selection.map((part) => ({ kind: 'range' as const, ...part })),
);
const operations = fc.array(
  fc.tuple(operation, fc.boolean()).map(([part, lease]) => ({ ...part, lease })),
  { maxLength: 4 },
);
const compare: fc.Arbitrary<DraftCompare> = fc.record({
  key,
  range: fc.option(range, { nil: undefined, freq: 4 }),
  target: fc.constantFrom(
    'short' as const,
    'value' as const,
    'version' as const,
    'create' as const,
    'mod' as const,
    'lease' as const,
  ),
  operator: fc.constantFrom('=' as const, '=' as const, '!=' as const, '<' as const, '>' as const),
  offset: fc.constantFrom(0, 0, 0, -1),
});
const draft: fc.Arbitrary<Draft> = fc.record({
  operations,
  otherwise: fc.option(operations, { nil: undefined }),
  compare: fc.array(compare, { maxLength: 2 }),
});
const request: fc.Arbitrary<Request> = fc.oneof(
  { weight: 8, arbitrary: draft },
  fc.constant<Request>('revoke'),
  fc.record({ compact: fc.integer({ min: 0, max: 6 }) }),
);

/** Requests to submit together, without waiting, so that groups form. */
export const requests: fc.Arbitrary<readonly Request[]> = fc.array(request, { minLength: 1, maxLength: 6 });
export const queries: fc.Arbitrary<DraftQuery> = fc.record({
  selection,
  back: fc.option(fc.integer({ min: -1, max: 12 }), { nil: undefined }),
});

export function resolveQuery({ selection: wanted, back }: DraftQuery, from: number, to: number): RangeQuery {
  return back === undefined ? wanted : { ...wanted, revision: Math.max(from, to - back) };
}

/** A condition around what `get` says its key holds. */
export function resolveCompare(
  { key: name, range: over, target, operator, offset }: DraftCompare,
  get: (key: string) => Entry | undefined,
): Compare {
  const entry = get(name);
  if (target === 'short') return { key: name, modRevision: (entry?.modRevision ?? 0) + offset };
  const subject = over === undefined ? { key: name } : { range: over };
  switch (target) {
    case 'value':
      return { ...subject, operator, target, value: entry?.value ?? new Uint8Array() };
    case 'lease':
      return { ...subject, operator, target, value: entry?.leaseId ?? '' };
    case 'version':
      return { ...subject, operator, target, value: (entry?.version ?? 0) + offset };
    case 'create':
      return { ...subject, operator, target, value: (entry?.createRevision ?? 0) + offset };
    case 'mod':
      return { ...subject, operator, target, value: (entry?.modRevision ?? 0) + offset };
  }
}

/** Gives puts that ask for it the lease, and leaves out what says so. */
export function resolveOperations(parts: Draft['operations'], leaseId: string): Operation[] {
  return parts.map(({ lease, ...part }) => (lease && part.kind === 'put' ? { ...part, leaseId } : part));
}
