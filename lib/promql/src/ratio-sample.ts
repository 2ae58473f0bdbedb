import { type Labels, labelsKey } from './queryable.ts';

const FNV_OFFSET = 0x811c_9dc5;
const FNV_PRIME = 0x0100_0193;

/**
 * A number in [0, 1) for a set of labels, always the same and spread evenly: which share of series `limit_ratio` takes.
 * FNV-1a over the labels, its bits mixed as in MurmurHash3, since FNV alone leaves neighbours close to each other.
 */
export function sampledOffset(labels: Labels): number {
  let hash = FNV_OFFSET;
  const key = labelsKey(labels);
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), FNV_PRIME);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
