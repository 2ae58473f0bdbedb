/** What Plumb saw of chain nodes as metrics, under names after EIP-2159. */
import type { MetricFamily } from '@plumb/metrics';
import { healthStates } from '@plumb/registry';
import type { ChainSight } from './chain-probe.ts';

export type ChainNodeSight = ChainSight & { readonly application: string; readonly component: string };

/** Ordinary processes only; a chain node is never `unready`. */
const CHAIN_STATES = healthStates.filter((state) => state !== 'unready');

/** What is not known of a node is left out. */
export function chainMetrics(sights: readonly ChainNodeSight[]): MetricFamily[] {
  const gauge = (name: string, help: string, samples: MetricFamily['samples']): MetricFamily => ({
    name,
    type: 'gauge',
    help,
    samples,
  });
  const each = (valueOf: (sight: ChainNodeSight) => number | undefined): MetricFamily['samples'] =>
    sights.flatMap((sight) => {
      const value = valueOf(sight);
      return value === undefined ? [] : [{ labels: labelsOf(sight), value }];
    });
  const states = sights.flatMap((sight) =>
    CHAIN_STATES.map((state) => ({
      labels: { ...labelsOf(sight), state },
      value: sight.health.state === state ? 1 : 0,
    })),
  );
  const heights = each(({ facts }) => facts.height);
  const ages = each(({ facts: { headAgeMs } }) => (headAgeMs === undefined ? undefined : headAgeMs / 1_000));
  const peers = each(({ facts }) => facts.peers);
  return [
    gauge('chain_height', 'Number of the head block.', heights),
    gauge('chain_head_age_seconds', 'Time since the head block by its own timestamp.', ages),
    gauge('chain_peers', 'Peers that the node is connected to.', peers),
    gauge('chain_state', 'Health state of the node: 1 for the state that it is in.', states),
  ];
}

function labelsOf({ application, component }: ChainNodeSight): Readonly<Record<string, string>> {
  return { application, component };
}
