/**
 * What a schema may be, so that nobody who writes one can stop the server with it: bounded in size, depth and what its
 * references come to, and without recursion. Patterns are RE2's, which take linear time. Pure.
 */
import { OperatingError } from '@plumb/base';

/** As JSON. The schema of a large application is a tenth of it. */
const SIZE_BYTES_MAX = 131_072;
const DEPTH_MAX = 64;
/** Subschemas, each reference counted as what it refers to: they are what checking a value can cost. */
const EXPANDED_MAX = 20_000;

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
/** They make a reference mean something else elsewhere; `$ref` with a path says the same. */
const REFUSED = ['$anchor', '$dynamicAnchor', '$dynamicRef', '$recursiveRef', '$recursiveAnchor', '$vocabulary'];

type Node = Readonly<Record<string, unknown>>;

/** @throws OperatingError `invalid`, `exhausted` beyond a bound. */
export function checkSchemaShape(schema: Node): void {
  const sizeBytes = Buffer.byteLength(JSON.stringify(schema));
  if (sizeBytes > SIZE_BYTES_MAX) {
    throw new OperatingError('exhausted', `the schema is ${sizeBytes} bytes, over the ${SIZE_BYTES_MAX} that fit`);
  }
  const dialect = schema['$schema'];
  if (dialect !== undefined && dialect !== DIALECT) {
    throw new OperatingError('invalid', `the schema is of ${JSON.stringify(dialect)}: write it for ${DIALECT}`);
  }
  const count = countExpanded(schema, { root: schema, depth: 0, open: new Set(), counted: new Map() });
  if (count > EXPANDED_MAX) {
    throw new OperatingError('exhausted', `the schema comes to ${count} parts, over the ${EXPANDED_MAX} that fit`);
  }
}

type Walk = {
  readonly root: Node;
  readonly depth: number;
  /** The references that lead here. */
  readonly open: ReadonlySet<string>;
  readonly counted: Map<string, number>;
};

function countExpanded(part: unknown, walk: Walk): number {
  if (typeof part !== 'object' || part === null) return 0;
  if (walk.depth > DEPTH_MAX) throw new OperatingError('exhausted', `the schema is over ${DEPTH_MAX} deep: flatten it`);
  const inner = { ...walk, depth: walk.depth + 1 };
  if (Array.isArray(part)) return part.reduce((sum: number, one) => sum + countExpanded(one, inner), 0);
  const node = part as Node;
  for (const word of REFUSED) {
    if (Object.hasOwn(node, word)) throw new OperatingError('invalid', `the schema has ${word}: use $ref with a path`);
  }
  if (Object.hasOwn(node, '$id') && node !== walk.root) {
    throw new OperatingError('invalid', 'the schema has $id below its root: use $ref with a path');
  }
  let count = 1;
  for (const [name, value] of Object.entries(node)) {
    count += name === '$ref' && typeof value === 'string' ? countReference(value, inner) : countExpanded(value, inner);
  }
  return count;
}

function countReference(reference: string, walk: Walk): number {
  if (walk.open.has(reference)) {
    throw new OperatingError(
      'invalid',
      `the schema refers to ${reference} from within itself: write out how deep it goes`,
    );
  }
  const known = walk.counted.get(reference);
  if (known !== undefined) return known;
  const count = countExpanded(resolve(walk.root, reference), { ...walk, open: new Set([...walk.open, reference]) });
  walk.counted.set(reference, count);
  return count;
}

/** By JSON Pointer (RFC 6901) in a fragment, from the root. */
function resolve(root: Node, reference: string): unknown {
  if (reference !== '#' && !reference.startsWith('#/')) {
    throw new OperatingError('invalid', `the schema refers to ${reference}: only to its own parts, like #/$defs/port`);
  }
  let part: unknown = root;
  for (const name of reference.split('/').slice(1)) {
    const plain = decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof part !== 'object' || part === null || !Object.hasOwn(part, plain)) {
      throw new OperatingError('invalid', `the schema refers to ${reference}, which it does not have`);
    }
    part = (part as Node)[plain];
  }
  return part;
}
