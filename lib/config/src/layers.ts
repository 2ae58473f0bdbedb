/**
 * The layers that values are set in, lowest first: what is set in a later one wins. The store and files have the same
 * order, which is that of C5Store. A layer is a text everywhere (contract, commands, screens); this is its grammar:
 *
 *     manifest   common   release:NAME   env:NAME   region:NAME   env:NAME/region:NAME
 *
 * `manifest` is what plumb.yaml gives, and is in the store only.
 */
import { isName, NAME_RULE, nearestWord, OperatingError } from '@plumb/base';

/** Where a reader is. A release environment is shared by several environments: `production` by `live` and `canary`. */
export type Coordinates = {
  readonly environment?: string | undefined;
  readonly releaseEnvironment?: string | undefined;
  readonly region?: string | undefined;
};

export type Layer =
  | { readonly kind: 'manifest' }
  | { readonly kind: 'common' }
  | { readonly kind: 'release'; readonly releaseEnvironment: string }
  | { readonly kind: 'environment'; readonly environment: string }
  | { readonly kind: 'region'; readonly region: string }
  | { readonly kind: 'environment-region'; readonly environment: string; readonly region: string };

/** What a person sets without naming a layer. */
export const DEFAULT_LAYER = 'common';

/** What is read at `coordinates`, lowest first. @throws OperatingError `invalid` for a name that is none. */
export function layersFor(coordinates: Coordinates): readonly string[] {
  const { environment, releaseEnvironment, region } = coordinates;
  const layers: Layer[] = [{ kind: 'manifest' }, { kind: 'common' }];
  if (releaseEnvironment !== undefined) layers.push({ kind: 'release', releaseEnvironment });
  if (environment !== undefined) layers.push({ kind: 'environment', environment });
  if (region !== undefined) layers.push({ kind: 'region', region });
  if (environment !== undefined && region !== undefined) {
    layers.push({ kind: 'environment-region', environment, region });
  }
  return layers.map((layer) => formatLayer(parseLayer(formatLayer(layer))));
}

export function formatLayer(layer: Layer): string {
  switch (layer.kind) {
    case 'manifest':
    case 'common':
      return layer.kind;
    case 'release':
      return `release:${layer.releaseEnvironment}`;
    case 'environment':
      return `env:${layer.environment}`;
    case 'region':
      return `region:${layer.region}`;
    case 'environment-region':
      return `env:${layer.environment}/region:${layer.region}`;
  }
}

/** @throws OperatingError `invalid`, which says how a layer is written. */
export function parseLayer(text: string): Layer {
  if (text === 'manifest' || text === 'common') return { kind: text };
  const [, kind, name = '', region] = /^(release|env|region):([^:/]*)(?:\/region:([^:/]*))?$/.exec(text) ?? [];
  if (kind === undefined || (region !== undefined && kind !== 'env')) throw noLayer(text);
  for (const one of [name, region ?? name]) {
    if (!isName(one)) throw new OperatingError('invalid', `the layer "${text}" names "${one}": ${NAME_RULE}`);
  }
  if (region !== undefined) return { kind: 'environment-region', environment: name, region };
  if (kind === 'release') return { kind, releaseEnvironment: name };
  return kind === 'env' ? { kind: 'environment', environment: name } : { kind: 'region', region: name };
}

/** What a person is told of a layer that is none. */
export const LAYER_RULE =
  'a layer is common, release:NAME, env:NAME, region:NAME or env:NAME/region:NAME; manifest is what plumb.yaml gives';

export function isLayer(text: string): boolean {
  try {
    parseLayer(text);
    return true;
  } catch {
    return false;
  }
}

/** The file of a layer, without its ending; undefined for `manifest`, which has none. Names may meet: `env:eu` and `region:eu`. */
export function layerFileName(text: string): string | undefined {
  const layer = parseLayer(text);
  switch (layer.kind) {
    case 'manifest':
      return undefined;
    case 'common':
      return 'common';
    case 'release':
      return layer.releaseEnvironment;
    case 'environment':
      return layer.environment;
    case 'region':
      return layer.region;
    case 'environment-region':
      return `${layer.environment}-${layer.region}`;
  }
}

function noLayer(text: string): OperatingError {
  const nearest = nearestWord(text.replace(/:.*/, ''), ['manifest', 'common', 'release', 'env', 'region']);
  const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
  const forms = 'common, release:NAME, env:NAME, region:NAME or env:NAME/region:NAME';
  return new OperatingError('invalid', `"${text}" is not a layer: write ${forms}${hint}`);
}
