/** The places at which a schema is checked: every combination of layers that an application has. Pure. */
import { OperatingError } from '@plumb/base';
import type { ConfigValue, Coordinates } from '@plumb/config/feed';
import type { ApplicationValues } from './application-values.ts';
import type { KeyChange } from './key-change.ts';
import { coordinatesOf, environmentOf, layersAt } from './layer-order.ts';
import { valueId } from './stored-items.ts';

/** Environments times releases times regions; each costs a check of all values. */
const PLACES_MAX = 256;

export type SchemaPlace = {
  readonly layers: readonly string[];
  /** For people, like `env:production`; undefined where it is the only one. */
  readonly name: string | undefined;
  /** It leaves out a release or a region that other places name: what they give may be missing here. */
  readonly isPartial: boolean;
};

export type PlacedValue = { readonly value: ConfigValue; readonly layer: string };

/**
 * Every environment that has layers, and that of the last deploy, with each release and region that has layers, and
 * without. @throws OperatingError `exhausted` when they are too many to be checked.
 */
export function schemaPlaces(
  state: ApplicationValues,
  changes: readonly KeyChange[],
  deploy: { readonly environment?: string | undefined } | undefined,
): readonly SchemaPlace[] {
  const layers = new Set([...state.layers(), ...changes.map(({ layer }) => layer)]);
  const named = [...layers].map(coordinatesOf);
  const environments = new Set(named.flatMap(({ environment }) => environment ?? []));
  const deployed = deploy === undefined ? state.environment : environmentOf(deploy.environment);
  const isDeployed = deploy !== undefined || state.isDeployed;
  const places = combine([
    [...environments, ...(isDeployed || environments.size === 0 ? [deployed] : [])],
    [...named.map(({ releaseEnvironment }) => releaseEnvironment), undefined],
    [...named.map(({ region }) => region), undefined],
  ]);
  if (places.length > PLACES_MAX) {
    const bound = `over the ${PLACES_MAX} that a schema is checked at`;
    throw new OperatingError('exhausted', `it has ${places.length} places, ${bound}: use fewer layers, or no schema`);
  }
  const hasReleases = named.some(({ releaseEnvironment }) => releaseEnvironment !== undefined);
  const hasRegions = named.some(({ region }) => region !== undefined);
  return places.map((place) => ({
    layers: layersAt(place),
    name: places.length === 1 ? undefined : nameOf(place),
    isPartial: (hasReleases && place.releaseEnvironment === undefined) || (hasRegions && place.region === undefined),
  }));
}

/** What a place has once the changes are made, with the layer that each value is of. */
export function valuesAtPlace(
  state: ApplicationValues,
  { layers }: SchemaPlace,
  changes: readonly KeyChange[],
): ReadonlyMap<string, PlacedValue> {
  const byLayer = Map.groupBy(changes, ({ layer }) => layer);
  const changed = new Set(changes.map(({ layer, key }) => valueId(layer, key)));
  const values = new Map<string, PlacedValue>();
  for (const layer of layers) {
    for (const [key, { value }] of state.entries(layer)) {
      if (!changed.has(valueId(layer, key))) values.set(key, { value, layer });
    }
    for (const { key, value } of byLayer.get(layer) ?? []) if (value !== undefined) values.set(key, { value, layer });
  }
  return values;
}

type Dimension = readonly (string | undefined)[];

function combine([environments, releases, regions]: readonly [
  Dimension,
  Dimension,
  Dimension,
]): readonly Coordinates[] {
  return [...new Set(environments)].flatMap((environment) =>
    [...new Set(releases)].flatMap((releaseEnvironment) =>
      [...new Set(regions)].map((region) => ({ environment, releaseEnvironment, region })),
    ),
  );
}

function nameOf({ environment, releaseEnvironment, region }: Coordinates): string {
  const parts = [
    environment !== undefined && `env:${environment}`,
    releaseEnvironment !== undefined && `release:${releaseEnvironment}`,
    region !== undefined && `region:${region}`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? 'no environment' : parts.join(' ');
}
