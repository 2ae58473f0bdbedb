/**
 * The receiving side of references: a list of paths from a peer that may be hostile. A path leads through own fields of
 * lists and objects that came with the call to a null, and nowhere else.
 */
import { OperatingError } from '@plumb/base';
import { REFERENCES_PER_CALL_MAX, STREAMS_PER_CALL_MAX } from './limits.ts';
import type { Reference } from './protocol.ts';

/**
 * `input`, which is changed, with what `create` makes of each reference in its place.
 * @throws OperatingError `invalid` where the list makes no sense, `exhausted` where it is too long. Nothing is made then.
 */
export function placeReferences(input: unknown, list: unknown, create: (reference: Reference) => unknown): unknown {
  const root = { input };
  const places = parseList(list).map((reference) => ({ reference, ...requirePlace(root, reference) }));
  for (const { reference, parent, key } of places) {
    // Two references to one place: the first has taken it.
    if (parent[key] !== null) throw faultAt(reference, 'which another reference has taken');
    parent[key] = create(reference);
  }
  return root.input;
}

/** @throws OperatingError `exhausted` where one call refers to more than it may. */
export function checkCounts(references: readonly Pick<Reference, 'kind'>[]): void {
  if (references.length > REFERENCES_PER_CALL_MAX) throw tooMany(`${REFERENCES_PER_CALL_MAX} functions and streams`);
  const streamCount = references.filter((reference) => reference?.kind === 'stream').length;
  if (streamCount > STREAMS_PER_CALL_MAX) throw tooMany(`${STREAMS_PER_CALL_MAX} streams`);
}

type Place = { readonly parent: Record<string | number, unknown>; readonly key: string | number };

function parseList(list: unknown): Reference[] {
  if (!Array.isArray(list)) throw fault('they must be a list');
  // Before each is looked at.
  checkCounts(list as readonly Reference[]);
  const references = list.map(parseReference);
  if (new Set(references.map(({ ref }) => ref)).size < references.length) throw fault('two have the same number');
  return references;
}

function parseReference(item: unknown): Reference {
  const { at, ref, kind } = (item ?? {}) as Readonly<Record<string, unknown>>;
  if (!Number.isSafeInteger(ref) || (ref as number) <= 0) throw fault('each must have a positive number');
  if (kind !== 'function' && kind !== 'stream') throw fault('each must be a "function" or a "stream"');
  if (!Array.isArray(at) || !at.every(isStep)) throw fault('each must have a path of names and indexes');
  return { at: at as Reference['at'], ref: ref as number, kind };
}

function isStep(step: unknown): boolean {
  return typeof step === 'string' || (Number.isSafeInteger(step) && (step as number) >= 0);
}

function requirePlace(root: object, reference: Reference): Place {
  let parent: object = root;
  let key: string | number = 'input';
  for (const step of reference.at) {
    parent = requireContainer((parent as Place['parent'])[key], reference);
    key = step;
    if (typeof key !== (Array.isArray(parent) ? 'number' : 'string') || !Object.hasOwn(parent, key)) {
      throw faultAt(reference, 'where there is nothing');
    }
  }
  const place: Place = { parent: parent as Place['parent'], key };
  // An own field of this name cannot be set by assignment.
  if (key === '__proto__') throw faultAt(reference, 'where there is nothing');
  if (place.parent[key] !== null) throw faultAt(reference, 'where there is a value');
  return place;
}

function requireContainer(value: unknown, reference: Reference): object {
  if (typeof value === 'object' && value !== null) return value;
  throw faultAt(reference, 'where there is nothing');
}

function faultAt({ at }: Reference, why: string): OperatingError {
  const path = JSON.stringify(at).slice(0, PATH_LENGTH_MAX);
  return fault(`one is at ${path}, ${why}`);
}

/** Characters of a path in an error, since it comes from the peer. */
const PATH_LENGTH_MAX = 200;

function fault(reason: string): OperatingError {
  return new OperatingError('invalid', `the references of the call cannot be used: ${reason}`);
}

function tooMany(what: string): OperatingError {
  return new OperatingError('exhausted', `a call may bring at most ${what}: use several calls, or one stream`);
}
