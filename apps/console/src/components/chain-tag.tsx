import type { UnitStatus } from '@plumb/deploy';
import type { JSX } from 'preact';

/** Marks a unit as a chain node, with its network as soon as it is known. */
export function ChainTag({ unit: { chain } }: { readonly unit: Pick<UnitStatus, 'chain'> }): JSX.Element {
  return <span class="tag">{chain === undefined ? 'chain node' : `${chain.kind} ${chain.network}`}</span>;
}
