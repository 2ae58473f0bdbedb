/** How layers stand to each other: their order, which of them one reader can see together, and whom a change reaches. Pure. */
import type { Coordinates } from '@plumb/config/feed';
import { type Layer, layersFor, parseLayer } from '@plumb/config/layers';

/** What an application that names no environment is deployed in: as if it were in none. */
const DEFAULT_ENVIRONMENT = 'default';

/** The environment that layers and recipients go by. */
export function environmentOf(name: string | undefined): string | undefined {
  return name === DEFAULT_ENVIRONMENT ? undefined : name;
}

/** What is in force at a place, lowest first. @throws OperatingError `invalid` for a name that is none. */
export function layersAt({ environment, releaseEnvironment, region }: Coordinates): readonly string[] {
  return layersFor({ environment: environmentOf(environment), releaseEnvironment, region });
}

const KINDS: readonly Layer['kind'][] = [
  'manifest',
  'common',
  'release',
  'environment',
  'region',
  'environment-region',
];

/** For sorting: lowest first, those of one kind by name. */
export function compareLayers(a: string, b: string): number {
  const order = KINDS.indexOf(parseLayer(a).kind) - KINDS.indexOf(parseLayer(b).kind);
  if (order !== 0) return order;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether some reader sees both: they do not name two environments, releases or regions. */
export function canMeet(a: string, b: string): boolean {
  const [left, right] = [coordinatesOf(a), coordinatesOf(b)];
  return (
    isSame(left.environment, right.environment) &&
    isSame(left.releaseEnvironment, right.releaseEnvironment) &&
    isSame(left.region, right.region)
  );
}

/** Whether readers in an environment see a layer: all see what names none. */
export function reaches(layer: string, environment: string): boolean {
  return isSame(coordinatesOf(layer).environment, environment);
}

/** What a reader must name to see a layer. */
export function coordinatesOf(layer: string): Coordinates {
  const parsed = parseLayer(layer);
  switch (parsed.kind) {
    case 'manifest':
    case 'common':
      return {};
    case 'release':
      return { releaseEnvironment: parsed.releaseEnvironment };
    case 'environment':
      return { environment: parsed.environment };
    case 'region':
      return { region: parsed.region };
    case 'environment-region':
      return { environment: parsed.environment, region: parsed.region };
  }
}

function isSame(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}
