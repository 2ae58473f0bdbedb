import { createHash } from 'node:crypto';

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** 40 bits: two of 10,000 ids share a hash once in 20,000 dictionaries. */
const HASH_LENGTH = 10;
const SHORTENED = /--[0-9a-f]{10}$/;
/** What a label of 63 characters has room for before `--HASH`. */
const STEM_LENGTH_MAX = 63 - 2 - HASH_LENGTH;

/**
 * The DNS label of an instance. An id that is a label stays as it is; of any other (too long, with capitals, dots or
 * signs) the readable part stays, with a hash of the id: `Web 1` is `web-1--b2e853f37b`. The same id always has the same label.
 */
export function instanceLabel(id: string): string {
  // What looks shortened is shortened again, so that nobody can choose an id that takes another's label.
  if (LABEL.test(id) && !SHORTENED.test(id)) return id;
  const hash = createHash('sha256').update(id).digest('hex').slice(0, HASH_LENGTH);
  const stem = id
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, STEM_LENGTH_MAX)
    .replaceAll(/^-+|-+$/g, '');
  return `${stem === '' ? 'instance' : stem}--${hash}`;
}
