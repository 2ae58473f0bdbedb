import { type Random, randomInteger } from '@plumb/base';
import type { Endpoint } from './resolver.ts';

/**
 * Instances that one caller is connected to; of a longer list it takes a random part, another one than its neighbour.
 * More would spread a caller's load no better, and a thousand callers of a thousand instances would be a million sockets.
 */
export const ENDPOINTS_MAX = 32;

/** Of these, farther ones where there are any: those that are near may be lost all at once. */
const FARTHER_COUNT = 8;

/**
 * The instances to be connected to: all, or `ENDPOINTS_MAX` of a longer list. Then it is the nearest, and up to
 * `FARTHER_COUNT` farther ones, the nearer of these first; of equals those that are linked already, the others at random.
 */
export function chooseEndpoints(
  endpoints: readonly Endpoint[],
  isLinked: (endpoint: Endpoint) => boolean,
  random: Random,
): readonly Endpoint[] {
  if (endpoints.length <= ENDPOINTS_MAX) return endpoints;
  const ranked = shuffle(endpoints, random).map((endpoint) => {
    return { endpoint, distance: endpoint.distance ?? 0, isLinked: isLinked(endpoint) };
  });
  ranked.sort((a, b) => a.distance - b.distance || Number(b.isLinked) - Number(a.isLinked));
  const nearCount = ranked.filter(({ distance }) => distance === ranked[0]?.distance).length;
  const fartherCount = Math.min(ranked.length - nearCount, Math.max(FARTHER_COUNT, ENDPOINTS_MAX - nearCount));
  const chosen = [
    ...ranked.slice(0, Math.min(nearCount, ENDPOINTS_MAX - fartherCount)),
    ...ranked.slice(nearCount, nearCount + fartherCount),
  ];
  return chosen.map(({ endpoint }) => endpoint);
}

function shuffle<T>(list: readonly T[], random: Random): T[] {
  const shuffled = [...list];
  for (let i = shuffled.length - 1; i > 0; i -= 1) {
    const j = randomInteger(random, 0, i);
    [shuffled[i], shuffled[j]] = [shuffled[j] as T, shuffled[i] as T];
  }
  return shuffled;
}
