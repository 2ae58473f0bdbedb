import type { Faults } from './faults.ts';
import type { JsonValue } from './manifest.ts';
import { type Node, type Place, quote } from './node.ts';
import { mapEntries } from './section.ts';

/** The rule of configuration keys: the dotted path as a whole, and its form. */
const KEY_CHARS_MAX = 200;
const KEY = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

type Setting = { readonly value: JsonValue; readonly place: Place };

/**
 * The values by dotted key: `mail: { host: x }` and `mail.host: x` mean the same. A list is one value, and so is an
 * empty map. A key may not be both a value and a path to others.
 */
export function readConfig(node: Node, faults: Faults): Readonly<Record<string, JsonValue>> {
  const settings = new Map<string, Setting>();
  collect(node, '', settings, faults);
  for (const [key, { place }] of settings) {
    const path = pathsAbove(key).find((above) => settings.has(above));
    if (path !== undefined) faults.add(place, `${quote(path)} is a value, so it cannot be a path to ${quote(key)} too`);
  }
  return Object.fromEntries([...settings].map(([key, { value }]) => [key, value]));
}

function collect(node: Node, prefix: string, into: Map<string, Setting>, faults: Faults): void {
  for (const [words, { key: place, value }] of mapEntries(node, 'config', faults)) {
    const key = prefix === '' ? words : `${prefix}.${words}`;
    if (!KEY.test(words) || key.length > KEY_CHARS_MAX) {
      const rule = `a dotted path of letters, digits and inner hyphens, at most ${KEY_CHARS_MAX} characters`;
      faults.add(place, `${quote(key)} is no configuration key: it is ${rule}, like mail.min-tip`);
    } else if (value.kind === 'map' && value.entries.size > 0) {
      collect(value, key, into, faults);
    } else if (into.has(key)) {
      faults.add(place, `the configuration key ${quote(key)} stands here twice`);
    } else {
      into.set(key, { value: toJson(value), place });
    }
  }
}

function pathsAbove(key: string): string[] {
  const words = key.split('.');
  return words.slice(1).map((_, index) => words.slice(0, index + 1).join('.'));
}

function toJson(node: Node): JsonValue {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(toJson);
    case 'map':
      return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, toJson(value)]));
  }
}
