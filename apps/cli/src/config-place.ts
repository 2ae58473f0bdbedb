/** Which application, key, place and layer the words and flags of a `plumb config` command mean. */
import { describeError, isName, NAME_RULE, OperatingError } from '@plumb/base';
import type { Coordinates } from '@plumb/config/feed';
import { parseLayer } from '@plumb/config/layers';
import fs from 'node:fs/promises';
import path from 'node:path';
import { type Flags, text, UsageError } from './command.ts';
import type { Shell } from './shell.ts';

export type Key = { readonly application: string; readonly key: string };

/** Where the reader is whose values are asked for. */
export const PLACE_FLAGS = {
  env: { type: 'string', value: 'NAME', short: 'e', help: 'as a reader in this environment sees it' },
  region: { type: 'string', value: 'NAME', help: 'as a reader in this region sees it' },
  'release-env': { type: 'string', value: 'NAME', help: 'as a reader in this release environment sees it' },
} as const;

/** The layer that is written to. */
export const LAYER_FLAGS = {
  env: { type: 'string', value: 'NAME', short: 'e', help: 'for this environment only' },
  region: { type: 'string', value: 'NAME', help: 'for this region only; with --env, for this environment there' },
  'release-env': { type: 'string', value: 'NAME', help: 'for this release environment only' },
  layer: { type: 'string', value: 'LAYER', help: 'the layer by its name, such as env:production (default: common)' },
} as const;

export const APPLICATION_FLAG = {
  application: {
    type: 'string',
    value: 'NAME',
    short: 'a',
    help: 'the application (default: $PLUMB_APPLICATION, or the one of plumb.yaml here)',
  },
} as const;

/** `tipjar.mail.host`: the application, then the key within it. @throws UsageError. */
export function parseKey(word: string): Key {
  const dot = word.indexOf('.');
  if (dot < 1 || dot === word.length - 1) {
    throw new UsageError(`"${word}" is not a key: write APPLICATION.KEY, like tipjar.title`);
  }
  return { application: word.slice(0, dot), key: word.slice(dot + 1) };
}

/** @throws UsageError for what is no name. */
export function readCoordinates(flags: Flags): Coordinates {
  const [environment, region, releaseEnvironment] = [
    placeName(flags, 'env'),
    placeName(flags, 'region'),
    placeName(flags, 'release-env'),
  ];
  return {
    ...(environment !== undefined && { environment }),
    ...(releaseEnvironment !== undefined && { releaseEnvironment }),
    ...(region !== undefined && { region }),
  };
}

/** The layer that `--layer`, or `--env`, `--region` and `--release-env` name; undefined for none of them. @throws UsageError. */
export function readLayer(flags: Flags): string | undefined {
  const named = text(flags, 'layer');
  const { environment, region, releaseEnvironment } = readCoordinates(flags);
  const isPlaced = environment !== undefined || region !== undefined || releaseEnvironment !== undefined;
  if (named !== undefined) {
    if (isPlaced) throw new UsageError('--layer says all: leave out --env, --region and --release-env');
    return layerName(named);
  }
  if (!isPlaced) return undefined;
  if (releaseEnvironment !== undefined) {
    if (environment === undefined && region === undefined) return `release:${releaseEnvironment}`;
    throw new UsageError('a value is for a release environment or for an environment, not for both: set it twice');
  }
  return [environment && `env:${environment}`, region && `region:${region}`].filter(Boolean).join('/');
}

/** `production` or `production/eu`. @throws UsageError. */
export function parsePlace(word: string): Coordinates {
  const [environment = '', region, ...more] = word.split('/');
  if (!isName(environment) || (region !== undefined && !isName(region)) || more.length > 0) {
    throw new UsageError(
      `"${word}" is no place: write ENVIRONMENT or ENVIRONMENT/REGION, like production or production/eu`,
    );
  }
  return region === undefined ? { environment } : { environment, region };
}

/** `--application`, then `$PLUMB_APPLICATION`, then the name in the plumb.yaml of this folder. @throws UsageError. */
export async function readApplication(flags: Flags, shell: Pick<Shell, 'env' | 'directory'>): Promise<string> {
  const named = text(flags, 'application') ?? shell.env['PLUMB_APPLICATION'];
  if (named !== undefined && named !== '') return applicationName(named);
  const file = path.join(shell.directory, 'plumb.yaml');
  const manifest = await fs.readFile(file, 'utf8').catch(() => undefined);
  if (manifest === undefined) {
    throw new UsageError('of which application? name it with --application, or go to the folder of its plumb.yaml');
  }
  const { parseDocument } = await import('yaml');
  const name: unknown = parseDocument(manifest).get('name');
  if (typeof name !== 'string')
    throw new OperatingError('invalid', `${file} has no name: name the application with --application`);
  return applicationName(name);
}

/** @throws UsageError. */
export function applicationName(word: string): string {
  if (!isName(word)) throw new UsageError(`"${word}" is no application: ${NAME_RULE}`);
  return word;
}

function layerName(text: string): string {
  try {
    parseLayer(text);
    return text;
  } catch (error) {
    throw new UsageError(describeError(error));
  }
}

/** How a key is called where its layer matters: `shop.title in env:production`. */
export function nameOf({ application, key }: Key, layer: string | undefined): string {
  return layer === undefined || layer === 'common' ? `${application}.${key}` : `${application}.${key} in ${layer}`;
}

function placeName(flags: Flags, name: string): string | undefined {
  const given = text(flags, name);
  if (given === undefined || isName(given)) return given;
  throw new UsageError(`--${name} "${given}" is no name: ${NAME_RULE}`);
}
