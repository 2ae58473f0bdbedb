/** What is the case with a rollout, as far as the feed and its readers tell. Pure. */
import type { ApplicationValues } from './application-values.ts';
import type { Convergence } from './convergence.ts';
import type { RolloutFacts } from './rollout-machine.ts';
import { showsRollout } from './rollout-overlay.ts';
import type { RolloutRecord } from './rollout-record.ts';

export function factsOf(
  { application, changes, id, members }: RolloutRecord,
  state: ApplicationValues,
  convergence: Convergence,
): RolloutFacts {
  const layers = new Set(changes.map(({ layer }) => layer));
  const readers = convergence.readers(application);
  const reached = readers.filter((reader) => state.placeOf(reader).layers.some((layer) => layers.has(layer)));
  const isMember = new Set(members);
  // While the overlay is on its way to this state, nobody is seen to run it.
  const isShown = showsRollout(state.overlay, { id, members });
  const unconverged = convergence
    .list(application, state)
    .filter(({ instance, isConverged }) => isMember.has(instance) && !(isShown && isConverged));
  return {
    followers: reached.map(({ instance }) => instance),
    unconverged: unconverged.map(({ instance }) => instance),
  };
}
