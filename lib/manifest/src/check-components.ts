/** What must hold between the components of a manifest: names, ports, needs and references. */
import { isName, NAME_RULE, nearestWord } from '@plumb/base';
import type { Faults } from './faults.ts';
import type { ChainSpec, ProcessSpec } from './manifest.ts';
import { locate, type Node, type Place, quote } from './node.ts';
import { findPlaceholders, type Reference } from './references.ts';

/** A component as read, where its name stands, and what it was read from. */
export type Component<Spec> = { readonly spec: Spec; readonly place: Place; readonly node: Node };
export type Components = {
  readonly processes: ReadonlyMap<string, Component<ProcessSpec>>;
  readonly chains: ReadonlyMap<string, Component<ChainSpec>>;
};

/** A service is called `APPLICATION-COMPONENT`, which must be a DNS label too. */
const SERVICE_NAME_CHARS_MAX = 63;

export function checkComponents(application: string, components: Components, faults: Faults): void {
  checkNames(application, components, faults);
  checkPorts(components, faults);
  checkNeeds(components, faults);
  for (const { spec, node } of components.processes.values()) {
    for (const [variable, value] of Object.entries(spec.env)) {
      checkReferences(value, components, locate(node, ['env', variable]), faults);
    }
  }
}

function checkNames(application: string, { processes, chains }: Components, faults: Faults): void {
  for (const [name, { place }] of [...processes, ...chains]) {
    if (!isName(name)) {
      faults.add(place, `${quote(name)} is no name of a component: ${NAME_RULE}`);
    } else if (`${application}-${name}`.length > SERVICE_NAME_CHARS_MAX) {
      faults.add(
        place,
        `"${application}-${name}" is longer than ${SERVICE_NAME_CHARS_MAX} characters: shorten one of the names`,
      );
    }
  }
  for (const [name, { place }] of chains) {
    if (processes.has(name)) faults.add(place, `${quote(name)} is a process already: a chain needs another name`);
  }
}

function checkPorts({ processes, chains }: Components, faults: Faults): void {
  const owners = new Map<number, string>();
  for (const [name, { spec, node }] of [...processes, ...chains]) {
    if (typeof spec.port !== 'number') continue;
    const place = locate(node, ['port']);
    const owner = owners.get(spec.port);
    if (owner !== undefined)
      faults.add(place, `${name} and ${owner} both want port ${spec.port}: change one, or write "port: auto"`);
    else owners.set(spec.port, name);
  }
}

function checkNeeds({ processes, chains }: Components, faults: Faults): void {
  const known = [...processes.keys(), ...chains.keys()];
  for (const [name, { spec, node }] of processes) {
    for (const need of spec.needs) {
      if (known.includes(need)) continue;
      const place = locate(node, ['needs', need]);
      faults.add(
        place,
        `${name} needs ${quote(need)}, which is neither a process nor a chain here${hint(need, known)}`,
      );
    }
  }
  const cycle = findCycle(new Map([...processes].map(([name, { spec }]) => [name, spec.needs])));
  const [first = '', second = ''] = cycle;
  const node = processes.get(first)?.node;
  if (node === undefined) return;
  const place = locate(node, ['needs', second]);
  faults.add(place, `${cycle.join(' needs ')}: none of them could start; take one of these needs away`);
}

/** The first cycle, beginning and ending with the same name; empty when there is none. Each name is entered once. */
function findCycle(needs: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): readonly string[] => {
    const start = path.indexOf(name);
    if (start >= 0) return [...path.slice(start), name];
    if (done.has(name)) return [];
    done.add(name);
    for (const need of needs.get(name) ?? []) {
      const cycle = visit(need, [...path, name]);
      if (cycle.length > 0) return cycle;
    }
    return [];
  };
  for (const name of needs.keys()) {
    const cycle = visit(name, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

function checkReferences(value: string, components: Components, place: Place, faults: Faults): void {
  for (const { text, reference } of findPlaceholders(value)) {
    const problem = reference === undefined ? referenceForm(text) : unknownReference(reference, components);
    if (problem !== undefined) faults.add(place, problem);
  }
}

function referenceForm(text: string): string {
  const known = ['chains.NAME.url', 'chains.NAME.port', 'processes.NAME.url', 'processes.NAME.port'];
  const forms = known.map((path) => `\${${path}}`).join(', ');
  return `${quote(text)} is not known: there are ${forms}; write $\${ for a plain \${`;
}

function unknownReference({ group, name }: Reference, { processes, chains }: Components): string | undefined {
  const known = [...(group === 'chains' ? chains : processes).keys()];
  const kind = group === 'chains' ? 'chain' : 'process';
  if (!known.includes(name)) return `there is no ${kind} ${quote(name)} here${hint(name, known)}`;
  const isWithoutPort = group === 'processes' && processes.get(name)?.spec.port === undefined;
  return isWithoutPort ? `the process ${quote(name)} has no port: add "port: auto" to it` : undefined;
}

function hint(word: string, known: readonly string[]): string {
  const nearest = nearestWord(word, known);
  return nearest === undefined ? '' : `: did you mean ${quote(nearest)}?`;
}
