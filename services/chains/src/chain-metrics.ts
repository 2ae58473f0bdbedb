/** What Plumb saw of chain nodes as Prometheus text, under names after EIP-2159. */
import { healthStates } from '@plumb/registry';
import type { ChainSight } from './chain-probe.ts';

export type ChainNodeSight = ChainSight & { readonly application: string; readonly component: string };

/** Ordinary processes only; a chain node is never `unready`. */
const CHAIN_STATES = healthStates.filter((state) => state !== 'unready');

type Sample = { readonly labels: Readonly<Record<string, string>>; readonly value: number | undefined };

export function formatChainMetrics(sights: readonly ChainNodeSight[]): string {
  const family = (name: string, help: string, samples: readonly Sample[]): string => {
    const lines = samples
      .filter(({ value }) => value !== undefined)
      .map(({ labels, value }) => `${name}${formatLabels(labels)} ${value}\n`);
    return lines.length === 0 ? '' : `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`;
  };
  const each = (value: (sight: ChainNodeSight) => number | undefined): Sample[] =>
    sights.map((sight) => ({ labels: labelsOf(sight), value: value(sight) }));
  const states = sights.flatMap((sight) =>
    CHAIN_STATES.map((state) => ({
      labels: { ...labelsOf(sight), state },
      value: sight.health.state === state ? 1 : 0,
    })),
  );
  return [
    family(
      'chain_height',
      'Number of the head block.',
      each(({ facts }) => facts.height),
    ),
    family(
      'chain_head_age_seconds',
      'Time since the head block by its own timestamp.',
      each(({ facts }) => (facts.headAgeMs === undefined ? undefined : facts.headAgeMs / 1_000)),
    ),
    family(
      'chain_peers',
      'Peers that the node is connected to.',
      each(({ facts }) => facts.peers),
    ),
    family('chain_state', 'Health state of the node: 1 for the state that it is in.', states),
  ].join('');
}

function labelsOf({ application, component }: ChainNodeSight): Readonly<Record<string, string>> {
  return { application, component };
}

/** Names and states need no escapes. */
function formatLabels(labels: Readonly<Record<string, string>>): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',')}}`;
}
