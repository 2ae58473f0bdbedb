/** The chains that Plumb can run. */
import { nearestWord, OperatingError } from '@plumb/base';
import type { ChainSoftware } from './catalogue/chain-software.ts';
import { ethereumDev } from './catalogue/ethereum-dev.ts';

export const catalogue: readonly ChainSoftware[] = [ethereumDev];

/** @throws OperatingError `invalid`, which names the nearest that there is. */
export function requireChain(kind: string, network: string): ChainSoftware {
  const kinds = [...new Set(catalogue.map(({ entry }) => entry.kind))];
  if (!kinds.includes(kind)) {
    throw new OperatingError('invalid', `there is no chain of kind "${kind}": ${suggest(kind, kinds)}`);
  }
  const ofKind = catalogue.filter(({ entry }) => entry.kind === kind);
  const found = ofKind.find(({ entry }) => entry.network === network);
  if (found !== undefined) return found;
  const networks = ofKind.map(({ entry }) => entry.network);
  throw new OperatingError('invalid', `${kind} has no network "${network}" here: ${suggest(network, networks)}`);
}

function suggest(word: string, known: readonly string[]): string {
  const nearest = nearestWord(word, known);
  return nearest === undefined ? `use one of ${known.join(', ')}` : `did you mean "${nearest}"?`;
}
