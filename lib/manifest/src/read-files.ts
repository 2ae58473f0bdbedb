import type { Faults } from './faults.ts';
import type { FileSpec } from './manifest.ts';
import { describeNode, type Node, quote } from './node.ts';
import { Section, type SectionKeys } from './section.ts';
import { text, word } from './values.ts';

const FILE_KEYS: SectionKeys = { known: ['template', 'to', 'reload'], later: ['mode', 'command'] };

/** Each is rendered at every change: a program with more reads a folder of its own making. */
const FILES_MAX = 20;

/** As people write them. */
const RELOADS = ['restart', 'none', 'HUP', 'USR1', 'USR2'] as const;

/** `files: [{ template: app.conf.liquid, to: run/app.conf, reload: HUP }]`. */
export function readFiles(node: Node, faults: Faults): readonly FileSpec[] {
  if (node.kind !== 'list') {
    faults.add(node, `files is a list, like [{ template: app.liquid, to: app.conf }], not ${describeNode(node)}`);
    return [];
  }
  if (node.items.length > FILES_MAX) faults.add(node, `a process has at most ${FILES_MAX} files`);
  const files = node.items.map((item) => readFile(item, faults));
  const seen = new Set<string>();
  for (const [index, { template, to }] of files.entries()) {
    const place = node.items[index] ?? node;
    if (to !== '' && seen.has(to)) faults.add(place, `${quote(to)} is written twice: give one of them another name`);
    if (to !== '' && to === template) faults.add(place, `${quote(to)} would be written over its own template`);
    seen.add(to);
  }
  return files;
}

function readFile(node: Node, faults: Faults): FileSpec {
  const section = new Section(node, 'a file', FILE_KEYS, faults);
  const reload = section.optional('reload', word('reload', RELOADS), undefined) ?? 'restart';
  return {
    template: section.required('template', innerPath('template'), 'a template, like app.conf.liquid') ?? '',
    to: section.required('to', innerPath('to'), 'the file to write, like run/app.conf') ?? '',
    reload: reload === 'restart' || reload === 'none' ? reload : `SIG${reload}`,
  };
}

/** A path below the folder of the manifest. */
function innerPath(what: string): (node: Node, faults: Faults) => string {
  return (node, faults) => {
    const value = text(what)(node, faults);
    const parts = value.split('/');
    const isInner = !value.includes('\\') && parts.every((part) => part !== '' && part !== '.' && part !== '..');
    if (value !== '' && !isInner) {
      faults.add(node, `${what} is a path below this folder, like run/app.conf, not ${quote(value)}`);
    }
    return value;
  };
}
