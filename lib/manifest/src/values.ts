/** Readers of single values. Each says what it wants, what stands there, and how to write it. */
import { isName, NAME_RULE, nearestWord, OperatingError, parseDuration } from '@plumb/base';
import type { Faults } from './faults.ts';
import { describeNode, type Node, quote } from './node.ts';
import type { Reader } from './section.ts';
import { splitWords } from './words.ts';

/** Longest text of one value: more belongs in a file of its own. */
const TEXT_CHARS_MAX = 8_192;
/** Kubernetes' words take whole seconds; tests and quick local services want less. */
const PERIOD_SECONDS_MIN = 0.05;
const PERIOD_SECONDS_MAX = 3_600;
/** Longer than any program should need, short enough that a deploy ends. */
const GRACE_MS_MAX = 600_000;

/** Text; `what` names the value in the message. */
export function text(what: string): Reader<string> {
  return (node, faults) => {
    if (node.kind !== 'scalar' || typeof node.value !== 'string') {
      faults.add(node, `${what} is text, not ${describeNode(node)}`);
      return '';
    }
    return boundedText(node.value, what, node, faults);
  };
}

/** Text, or a number or truth value as it is written: what ends as text anyhow. */
export function looseText(what: string): Reader<string> {
  return (node, faults) => {
    if (node.kind === 'scalar' && node.value !== null) {
      return boundedText(typeof node.value === 'string' ? node.value : node.source, what, node, faults);
    }
    const isEmpty = node.kind === 'scalar';
    faults.add(
      node,
      isEmpty ? `${what} has no value: write "" for an empty one` : `${what} is text, not ${describeNode(node)}`,
    );
    return '';
  };
}

function boundedText(value: string, what: string, node: Node, faults: Faults): string {
  if (value.length > TEXT_CHARS_MAX) faults.add(node, `${what} is longer than ${TEXT_CHARS_MAX} characters`);
  // No operating system can pass it to a program.
  if (value.includes('\0')) faults.add(node, `${what} holds a NUL character`);
  return value;
}

export function name(what: string): Reader<string> {
  return (node, faults) => {
    const value = text(what)(node, faults);
    if (value !== '' && !isName(value)) faults.add(node, `${quote(value)} is no ${what}: ${NAME_RULE}`);
    return value;
  };
}

/** One of `words`. */
export function word<W extends string>(what: string, words: readonly W[]): Reader<W | undefined> {
  return (node, faults) => {
    const found = words.find((candidate) => node.kind === 'scalar' && node.value === candidate);
    if (found !== undefined) return found;
    const nearest = node.kind === 'scalar' ? nearestWord(node.source, words) : undefined;
    const hint = nearest === undefined ? '' : `; did you mean ${quote(nearest)}?`;
    faults.add(node, `${what} is ${words.join(' or ')}, not ${describeNode(node)}${hint}`);
    return undefined;
  };
}

export const port: Reader<number | 'auto'> = (node, faults) => {
  if (node.kind === 'scalar' && node.value === 'auto') return 'auto';
  const value = node.kind === 'scalar' ? node.value : undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535) return value;
  faults.add(node, `a port is a number from 1 to 65535, or auto for any free one, not ${describeNode(node)}`);
  return 'auto';
};

/** A path of a URL. */
export function urlPath(what: string): Reader<string> {
  return (node, faults) => {
    const value = text(what)(node, faults);
    // Printable ASCII without blanks: it is put into a request line as it stands.
    if (value !== '' && !/^\/[!-~]*$/.test(value)) {
      faults.add(node, `${what} is a path that begins with "/", like /ready, not ${quote(value)}`);
    }
    return value;
  };
}

export const stopGraceMs: Reader<number> = (node, faults) => {
  const value = looseText('stopGracePeriod')(node, faults);
  try {
    const lengthMs = parseDuration(value);
    if (lengthMs <= GRACE_MS_MAX) return lengthMs;
    faults.add(node, 'stopGracePeriod is at most 10m');
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    faults.add(node, error.message);
  }
  return 0;
};

/** Seconds as Kubernetes writes them, in milliseconds. */
export function secondsMs(what: string): Reader<number> {
  return (node, faults) => {
    const value = node.kind === 'scalar' ? node.value : undefined;
    if (typeof value === 'number' && value >= PERIOD_SECONDS_MIN && value <= PERIOD_SECONDS_MAX) {
      return Math.round(value * 1_000);
    }
    const range = `from ${PERIOD_SECONDS_MIN} to ${PERIOD_SECONDS_MAX}`;
    faults.add(node, `${what} is a number of seconds ${range}, not ${describeNode(node)}`);
    return 0;
  };
}

/** The words of a command: a list of them, or text that is split as a shell would. */
export const command: Reader<readonly string[]> = (node, faults) => {
  const words =
    node.kind === 'list'
      ? node.items.map((item) => looseText('a word of the command')(item, faults))
      : commandWords(node, faults);
  if (words !== undefined && (words[0] ?? '') === '') {
    faults.add(node, 'the command is empty: write a program and its arguments, like "node server.js"');
  }
  return words ?? [];
};

function commandWords(node: Node, faults: Faults): readonly string[] | undefined {
  if (node.kind !== 'scalar' || (node.value !== null && typeof node.value !== 'string')) {
    faults.add(node, `a command is text or a list of words, not ${describeNode(node)}`);
    return undefined;
  }
  try {
    return splitWords(boundedText(node.value ?? '', 'the command', node, faults));
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    faults.add(node, `the command cannot be split into words: ${error.message}`);
    return undefined;
  }
}
