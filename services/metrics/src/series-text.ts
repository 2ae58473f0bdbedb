/** One series as text, `name{label="value",…}`: reading it, and writing it for a person or as a key. */
import { OperatingError } from '@plumb/base';

/** Label names and values; the metric's name is the label `__name__`. A label with an empty value is absent. */
export type Labels = Readonly<Record<string, string>>;

/** Labels of one series beside its name; Prometheus' own advice is to stay under ten. */
export const LABELS_MAX = 64;

const NAME = /[a-zA-Z_:][\w:]*/y;
const LABEL = /[ \t]*([a-zA-Z_]\w*)[ \t]*=[ \t]*"([^"\\]*(?:\\[^][^"\\]*)*)"[ \t]*(,|\})/y;
const OPEN = /[ \t]*\{[ \t]*/y;

/** @throws OperatingError `invalid`: the message goes on from "line N". */
export function parseSeries(text: string): Labels {
  const name = matchAt(NAME, text, 0)?.[0];
  if (name === undefined)
    throw new OperatingError('invalid', `begins with "${text.slice(0, 20)}", which is not a metric name`);
  const labels: Record<string, string> = { __name__: name };
  if (name.length === text.length) return labels;

  const open = matchAt(OPEN, text, name.length)?.[0];
  if (open === undefined)
    throw new OperatingError('invalid', `has "${text.slice(name.length, name.length + 20)}" inside a metric name`);
  let at = name.length + open.length;
  for (let count = 0; !(at === text.length - 1 && text[at] === '}'); count += 1) {
    const match = matchAt(LABEL, text, at);
    const [whole, label, value, separator] = match ?? [];
    if (whole === undefined || label === undefined || value === undefined) {
      throw new OperatingError('invalid', `has "${text.slice(at, at + 40)}" where a label like code="200" belongs`);
    }
    if (label.startsWith('__'))
      throw new OperatingError('invalid', `has the label ${label}: names with "__" are reserved`);
    if (Object.hasOwn(labels, label)) throw new OperatingError('invalid', `has the label ${label} twice`);
    if (count === LABELS_MAX) throw new OperatingError('invalid', `has more than ${LABELS_MAX} labels`);
    labels[label] = unescape(value);
    at += whole.length;
    if (separator === '}') break;
    while (text[at] === ' ' || text[at] === '\t') at += 1;
  }
  for (const label of Object.keys(labels)) if (labels[label] === '') delete labels[label];
  return labels;
}

/** `name{a="1",b="2"}` with the labels in order of their names: equal for equal label sets. */
export function formatSeries(labels: Labels): string {
  const parts = Object.keys(labels)
    .filter((label) => label !== '__name__')
    .sort()
    .map((label) => `${label}="${escapeLabelValue(labels[label] ?? '')}"`);
  return `${labels['__name__'] ?? ''}${parts.length === 0 ? '' : `{${parts.join(',')}}`}`;
}

/** Escapes what may not stand between the quotes of a label's value. */
export function escapeLabelValue(value: string): string {
  return /["\\\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value;
}

function unescape(value: string): string {
  return value.includes('\\')
    ? value.replaceAll(/\\([\\n"])/g, (_, char) => (char === 'n' ? '\n' : String(char)))
    : value;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
