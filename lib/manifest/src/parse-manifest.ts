/**
 * `plumb.yaml` to a `Manifest`. Pure: text in, value or faults out. Every mistake of the file is told at once, with
 * line and column, those in environments that are not asked for too: a broken overlay is found when it is written, not
 * on the day that it is needed.
 */
import { isName, NAME_RULE, nearestWord } from '@plumb/base';
import { checkComponents, type Component } from './check-components.ts';
import { Faults } from './faults.ts';
import type { ChainSpec, Manifest, ProcessSpec } from './manifest.ts';
import { type MapNode, type Node, quote } from './node.ts';
import { layOver } from './overlay.ts';
import { ABOUT_KEYS, readAbout } from './read-about.ts';
import { readConfig } from './read-config.ts';
import { readChain, readProcess } from './read-process.ts';
import { readYaml } from './read-yaml.ts';
import { mapEntries, type Reader, Section, type SectionKeys } from './section.ts';
import { name, text } from './values.ts';

/** The environment of a manifest without an overlay. */
export const DEFAULT_ENVIRONMENT = 'default';

const LATER_KEYS: readonly string[] = ['signers', 'pipelines', 'resources', 'rollout', 'backup'];
const TOP_KEYS: SectionKeys = {
  known: ['plumb', 'name', ...ABOUT_KEYS, 'processes', 'chains', 'config', 'environments'],
  later: LATER_KEYS,
};
const OVERLAY_KEYS: SectionKeys = { known: [...ABOUT_KEYS, 'processes', 'chains', 'config'], later: LATER_KEYS };

/** Each environment is checked as a manifest of its own, so their number multiplies the work. */
const ENVIRONMENTS_MAX = 32;
/** Components of one application; one host cannot run more with pleasure. */
const COMPONENTS_MAX = 100;

/** The configuration of this name is Plumb's own: whom it tells of trouble, and how. */
const RESERVED_NAME = 'plumb';

export type ParseOptions = {
  /** The name that faults carry. */
  readonly file: string;
  /** Whose overlay is laid over the manifest; `default` needs none. */
  readonly environment?: string | undefined;
};

/**
 * The manifest in `text`, with the overlay of one environment.
 * @throws OperatingError `invalid` with one line a fault, `plumb.yaml:7:5: …`, and `details.faults` as `Fault`s.
 * @example
 * const manifest = parseManifest('plumb: 1\nname: hello\nprocesses: { web: { command: node web.js } }', { file: 'plumb.yaml' });
 */
export function parseManifest(text: string, { file, environment = DEFAULT_ENVIRONMENT }: ParseOptions): Manifest {
  const faults = new Faults(file);
  const root = readYaml(text, faults);
  faults.throwIfAny();
  if (root === undefined || !isReadable(root, faults)) {
    faults.throwIfAny();
    throw new Error('must hold: a manifest that cannot be read has a fault');
  }
  const { overlays, base } = splitOverlays(root, faults);
  const wanted = new Map<string, Node>([[DEFAULT_ENVIRONMENT, base]]);
  for (const [name, overlay] of overlays) wanted.set(name, layOver(base, overlay));
  const environments = [...overlays.keys()];
  const manifests = new Map(
    [...wanted].map(([name, node]) => [name, readManifestNode(node, { environment: name, environments }, faults)]),
  );
  const manifest = manifests.get(environment);
  if (manifest === undefined) {
    const nearest = nearestWord(environment, [...overlays.keys()]);
    const hint = nearest === undefined ? 'add it below "environments"' : `did you mean ${quote(nearest)}?`;
    faults.add(root.entries.get('environments')?.key ?? root, `there is no environment ${quote(environment)}: ${hint}`);
  }
  faults.throwIfAny();
  if (manifest === undefined) throw new Error('must hold: an environment that is absent is a fault');
  return manifest;
}

/** Whether it is a map that says it is written in this version of the format; in another, nothing else can be judged. */
function isReadable(root: Node, faults: Faults): root is MapNode {
  const example = 'write "plumb: 1", "name: …" and "processes:" first';
  if (root.kind !== 'map') faults.add(root, `a manifest is a map of keys and values: ${example}`);
  if (root.kind !== 'map') return false;
  const version = root.entries.get('plumb');
  if (version === undefined) {
    // An unknown key may be this one misspelt: the section's check names it.
    faults.add(root, `"plumb" is missing: write "plumb: 1", the version of the manifest's format`);
    return root.entries.size > 0;
  }
  if (version.value.kind === 'scalar' && version.value.value === 1) return true;
  faults.add(version.value, 'this Plumb reads version 1 of the manifest: write "plumb: 1"');
  return false;
}

/** The manifest without its environments, and the overlays by name. */
function splitOverlays(root: MapNode, faults: Faults): { base: MapNode; overlays: Map<string, Node> } {
  const top = new Section(root, 'a manifest', TOP_KEYS, faults);
  top.required('name', applicationName, 'the name of the application, like "name: tipjar"');
  const overlays = new Map<string, Node>();
  for (const [environment, { key, value }] of top.optional('environments', entries('environments'), new Map())) {
    if (!isName(environment)) faults.add(key, `${quote(environment)} is no name of an environment: ${NAME_RULE}`);
    if (overlays.size === ENVIRONMENTS_MAX) {
      faults.add(key, `a manifest has at most ${ENVIRONMENTS_MAX} environments`);
      break;
    }
    const isEmpty = value.kind === 'scalar' && value.value === null;
    if (!isEmpty) new Section(value, 'an environment', OVERLAY_KEYS, faults);
    overlays.set(environment, value.kind === 'map' ? value : { ...root, entries: new Map() });
  }
  return { base: { ...root, entries: withoutKey(root.entries, 'environments') }, overlays };
}

const applicationName: Reader<string> = (node, faults) => {
  const value = name('name of an application')(node, faults);
  if (value === RESERVED_NAME) faults.add(node, `"${RESERVED_NAME}" is the name of Plumb itself: choose another`);
  return value;
};

function readManifestNode(
  node: Node,
  { environment, environments }: Pick<Manifest, 'environment' | 'environments'>,
  faults: Faults,
): Manifest {
  const read = <T>(key: string, reader: Reader<T>, fallback: T): T => {
    const entry = node.kind === 'map' ? node.entries.get(key) : undefined;
    return entry === undefined ? fallback : reader(entry.value, faults);
  };
  const application = read('name', text('name'), '');
  const processes = read('processes', components('processes', readProcess), new Map());
  const chains = read('chains', components('chains', readChain), new Map());
  if (processes.size + chains.size === 0) {
    faults.add(node, 'there is nothing to run: write "processes:" with a name and its command');
  }
  if (processes.size + chains.size > COMPONENTS_MAX) {
    faults.add(node, `an application has at most ${COMPONENTS_MAX} processes and chains`);
  } else {
    checkComponents(application, { processes, chains }, faults);
  }
  return {
    name: application,
    ...readAbout(node, faults),
    environment,
    environments,
    processes: specs<ProcessSpec>(processes),
    chains: specs<ChainSpec>(chains),
    config: read('config', readConfig, {}),
  };
}

function components<Spec>(what: string, read: Reader<Spec>): Reader<ReadonlyMap<string, Component<Spec>>> {
  return (node, faults) =>
    new Map(
      [...mapEntries(node, what, faults)].map(([name, { key, value }]) => [
        name,
        { spec: read(value, faults), place: key, node: value },
      ]),
    );
}

function entries(what: string): Reader<MapNode['entries']> {
  return (node, faults) => mapEntries(node, what, faults);
}

function specs<Spec>(components: ReadonlyMap<string, Component<Spec>>): Readonly<Record<string, Spec>> {
  return Object.fromEntries([...components].map(([name, { spec }]) => [name, spec]));
}

function withoutKey(entries: MapNode['entries'], key: string): MapNode['entries'] {
  return new Map([...entries].filter(([name]) => name !== key));
}
