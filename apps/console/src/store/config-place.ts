/** Where one looks at configuration from: which layers are in force there, and their names for people. */
import { DEFAULT_LAYER, formatLayer, parseLayer } from '@plumb/config/layers';

export type Place = {
  readonly environment?: string | undefined;
  readonly releaseEnvironment?: string | undefined;
  readonly region?: string | undefined;
};

/** The names that layers have values for: what a place can be chosen from. Sorted. */
export type PlaceNames = {
  readonly environments: readonly string[];
  readonly releaseEnvironments: readonly string[];
  readonly regions: readonly string[];
};

export function placeNames(layers: readonly string[], home?: string): PlaceNames {
  const names = { environments: new Set<string>(), releaseEnvironments: new Set<string>(), regions: new Set<string>() };
  if (home !== undefined) names.environments.add(home);
  for (const layer of layers.map(parseLayer)) {
    if ('environment' in layer) names.environments.add(layer.environment);
    if ('releaseEnvironment' in layer) names.releaseEnvironments.add(layer.releaseEnvironment);
    if ('region' in layer) names.regions.add(layer.region);
  }
  const sorted = (set: ReadonlySet<string>): string[] => [...set].sort();
  return {
    environments: sorted(names.environments),
    releaseEnvironments: sorted(names.releaseEnvironments),
    regions: sorted(names.regions),
  };
}

/** As part of an address: `env=production&region=eu`. */
export function readPlace(search: URLSearchParams): Place {
  const [environment, releaseEnvironment, region] = ['env', 'release', 'region'].map(
    (name) => search.get(name) ?? undefined,
  );
  return { environment, releaseEnvironment, region };
}

export function writePlace(search: URLSearchParams, { environment, releaseEnvironment, region }: Place): void {
  const parts = [
    ['env', environment],
    ['release', releaseEnvironment],
    ['region', region],
  ] as const;
  for (const [name, value] of parts) {
    if (value === undefined) search.delete(name);
    else search.set(name, value);
  }
}

/** The layers that a person may set a value in who looks from `place`, broadest first. */
export function writableLayers({ environment, releaseEnvironment, region }: Place): string[] {
  return [
    DEFAULT_LAYER,
    ...(releaseEnvironment === undefined ? [] : [formatLayer({ kind: 'release', releaseEnvironment })]),
    ...(environment === undefined ? [] : [formatLayer({ kind: 'environment', environment })]),
    ...(region === undefined ? [] : [formatLayer({ kind: 'region', region })]),
    ...(region === undefined || environment === undefined
      ? []
      : [formatLayer({ kind: 'environment-region', environment, region })]),
  ];
}

/** What a layer is called on the screen. */
export function layerWord(text: string): string {
  const layer = parseLayer(text);
  switch (layer.kind) {
    case 'manifest':
      return 'plumb.yaml';
    case 'common':
      return 'everywhere';
    case 'release':
      return layer.releaseEnvironment;
    case 'environment':
      return layer.environment;
    case 'region':
      return layer.region;
    case 'environment-region':
      return `${layer.environment} in ${layer.region}`;
  }
}

export function placeWord({ environment, releaseEnvironment, region }: Place): string {
  const parts = [environment, releaseEnvironment, region].filter((part) => part !== undefined);
  return parts.length === 0 ? 'everywhere' : parts.join(' · ');
}
