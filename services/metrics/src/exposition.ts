/**
 * Reads what a target exposes: the Prometheus text format 0.0.4, and of OpenMetrics 1.0 what differs (UNIT, EOF,
 * timestamps in seconds, exemplars, which are skipped).
 * https://github.com/prometheus/docs/blob/main/docs/instrumenting/exposition_formats.md
 *
 * One pass over the text. A sample is handed on with the *raw text* of its name and labels, since a target writes the
 * same series with the same text each time: whoever keeps a map from that text to its series parses no label twice.
 * All or nothing is the caller's part: samples before a faulty line have been handed on when the error comes.
 */
import { OperatingError } from '@plumb/base';
import type { MetricMetadata } from './contract.ts';
import { type Labels, parseSeries } from './series-text.ts';

export type ExpositionFormat = 'text' | 'openmetrics';

/** A line is one sample with its labels or one HELP text; a longer one is a fault, or an attack on our memory. */
export const LINE_LENGTH_MAX = 65_536;
/** Samples of one scrape: several times what the largest usual targets, such as a Kubernetes API server, expose. */
export const SAMPLES_MAX = 200_000;
/** Metric families of one scrape; the largest known exporters have about 2,000. */
export const FAMILIES_MAX = 20_000;
/** HELP is for a person: what is longer is cut. */
export const HELP_LENGTH_MAX = 1_000;

/**
 * `series` is the raw text of name and labels; `at` is epoch ms, where the line has a timestamp. `series` is a slice of
 * the whole body: copy it before keeping it.
 */
export type OnSample = (series: string, value: number, at: number | undefined, line: number) => void;

export type ParsedSample = {
  readonly labels: Labels;
  readonly value: number;
  readonly at: number | undefined;
};

/** All samples and metadata of `text`. @throws OperatingError `invalid` with `details.line`; nothing is returned then. */
export function parseExposition(
  text: string,
  format: ExpositionFormat = 'text',
): { readonly samples: readonly ParsedSample[]; readonly metadata: readonly MetricMetadata[] } {
  const samples: ParsedSample[] = [];
  const metadata = scanExposition(text, format, (series, value, at, line) => {
    samples.push({ labels: atLine(line, () => parseSeries(series)), value, at });
  });
  return { samples, metadata };
}

/** Adds the line's number to a fault that `read` throws. */
export function atLine<T>(line: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof OperatingError) throw fault(line, error.message);
    throw error;
  }
}

/** Calls `onSample` for each sample line, in order, and returns the metadata. @throws OperatingError `invalid` with `details.line`. */
export function scanExposition(text: string, format: ExpositionFormat, onSample: OnSample): readonly MetricMetadata[] {
  const families = new Map<string, Family>();
  let sampleCount = 0;
  let line = 0;
  let isEnded = false;
  for (let start = 0; start < text.length; line += 1) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    if (end - start > LINE_LENGTH_MAX) throw fault(line + 1, `is longer than ${LINE_LENGTH_MAX} characters`);
    const first = skipBlanks(text, start, end);
    if (first < end) {
      if (isEnded) throw fault(line + 1, 'comes after "# EOF"');
      if (text.charCodeAt(first) === HASH) {
        isEnded = readComment(text.slice(first, end), format, families, line + 1);
      } else {
        sampleCount += 1;
        if (sampleCount > SAMPLES_MAX) throw fault(line + 1, `is beyond the ${SAMPLES_MAX} samples of one scrape`);
        readSample(text, first, end, format, onSample, line + 1);
      }
    }
    start = end + 1;
  }
  if (format === 'openmetrics' && !isEnded) throw fault(line, 'is the last, but not "# EOF": the text was cut off');
  return [...families].map(([name, family]) => metadataOf(name, family, format));
}

type Family = { type: MetricMetadata['type']; isCounter: boolean; help: string; unit: string };

const HASH = 35;
const BLANK = 32;
const TAB = 9;
const QUOTE = 34;
const BACKSLASH = 92;
const BRACE_OPEN = 123;
const BRACE_CLOSE = 125;

function readSample(
  text: string,
  start: number,
  end: number,
  format: ExpositionFormat,
  onSample: OnSample,
  line: number,
): void {
  const seriesEnd = endOfSeries(text, start, end);
  if (seriesEnd === -1) throw fault(line, 'has labels that are not closed by "}"');
  const valueStart = skipBlanks(text, seriesEnd, end);
  const valueEnd = endOfWord(text, valueStart, end);
  if (valueStart === valueEnd) throw fault(line, `has no value after "${excerpt(text.slice(start, seriesEnd))}"`);
  const value = parseValue(text.slice(valueStart, valueEnd));
  if (value === undefined)
    throw fault(line, `has "${excerpt(text.slice(valueStart, valueEnd))}" where a number belongs`);

  let at: number | undefined;
  let rest = skipBlanks(text, valueEnd, end);
  if (rest < end && text.charCodeAt(rest) !== HASH) {
    const atEnd = endOfWord(text, rest, end);
    const word = text.slice(rest, atEnd);
    const number = parseValue(word);
    const isWhole = format === 'openmetrics' || /^-?\d+$/.test(word);
    if (number === undefined || !Number.isFinite(number) || !isWhole) {
      throw fault(line, `has "${excerpt(word)}" where a timestamp belongs`);
    }
    at = format === 'openmetrics' ? Math.round(number * 1_000) : number;
    rest = skipBlanks(text, atEnd, end);
  }
  const isExemplar = format === 'openmetrics' && text.charCodeAt(rest) === HASH;
  if (rest < end && !isExemplar) throw fault(line, `has "${excerpt(text.slice(rest, end))}" after its end`);
  onSample(text.slice(start, seriesEnd), value, at, line);
}

/** Just after the name, or after the labels' closing brace; -1 where they are not closed. */
function endOfSeries(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && text.charCodeAt(at) !== BRACE_OPEN && !isBlank(text.charCodeAt(at))) at += 1;
  const brace = skipBlanks(text, at, end);
  if (text.charCodeAt(brace) !== BRACE_OPEN || brace >= end) return at;
  let isQuoted = false;
  for (at = brace + 1; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) isQuoted = !isQuoted;
    else if (code === BACKSLASH && isQuoted) at += 1;
    else if (code === BRACE_CLOSE && !isQuoted) return at + 1;
  }
  return -1;
}

/** A number as Go writes it: decimal, or NaN and Inf in any case. Undefined for anything else, such as `0x1f` or `1_000`. */
function parseValue(word: string): number | undefined {
  const value = Number(word);
  if (!Number.isNaN(value)) {
    // `Number` also takes `0x1f`, `0b1`, `Infinity`, and strips blanks that are not ASCII.
    if (/^[-+]?[\d.]+(?:e[-+]?\d+)?$/i.test(word)) return value;
  }
  const sign = word.startsWith('-') ? -1 : 1;
  switch (word.replace(/^[-+]/, '').toLowerCase()) {
    case 'nan':
      return Number.NaN;
    case 'inf':
    case 'infinity':
      return sign * Number.POSITIVE_INFINITY;
    default:
      return undefined;
  }
}

/** Tells whether the comment was `# EOF`. Comments that are not metadata are for people. */
function readComment(comment: string, format: ExpositionFormat, families: Map<string, Family>, line: number): boolean {
  if (format === 'openmetrics' && comment.trimEnd() === '# EOF') return true;
  const [, keyword, name, text = ''] = /^#[ \t]+(HELP|TYPE|UNIT)[ \t]+([^ \t]+)(?:[ \t]+(.*))?$/.exec(comment) ?? [];
  if (keyword === undefined || name === undefined) return false;
  if (!/^[a-zA-Z_:][\w:]*$/.test(name))
    throw fault(line, `names a metric "${excerpt(name)}", which is not a metric name`);
  let family = families.get(name);
  if (family === undefined) {
    if (families.size >= FAMILIES_MAX) throw fault(line, `is beyond the ${FAMILIES_MAX} metrics of one scrape`);
    family = { type: 'unknown', isCounter: false, help: '', unit: '' };
    families.set(copyText(name), family);
  }
  if (keyword === 'HELP') family.help = unescapeHelp(copyText(text.slice(0, HELP_LENGTH_MAX)));
  else if (keyword === 'UNIT') family.unit = copyText(text.trim());
  else {
    const type = TYPES.get(text.trim());
    if (type === undefined) {
      throw fault(line, `has the type "${excerpt(text)}"; a type is one of ${[...TYPES.keys()].join(', ')}`);
    }
    family.type = type;
    family.isCounter = type === 'counter';
  }
  return false;
}

const TYPES: ReadonlyMap<string, MetricMetadata['type']> = new Map([
  ['counter', 'counter'],
  ['gauge', 'gauge'],
  ['histogram', 'histogram'],
  ['summary', 'summary'],
  ['untyped', 'unknown'],
  ['unknown', 'unknown'],
  ['info', 'gauge'],
  ['stateset', 'gauge'],
  ['gaugehistogram', 'unknown'],
]);

/** OpenMetrics names the family `x` whose samples are `x_total`; metadata is kept under the name that is stored. */
function metadataOf(name: string, family: Family, format: ExpositionFormat): MetricMetadata {
  const isBare = format === 'openmetrics' && family.isCounter && !name.endsWith('_total');
  return { metric: isBare ? `${name}_total` : name, type: family.type, help: family.help, unit: family.unit };
}

function unescapeHelp(text: string): string {
  return text.includes('\\') ? text.replaceAll(/\\([\\n"])/g, (_, char) => (char === 'n' ? '\n' : String(char))) : text;
}

/**
 * A copy that shares no memory with the text it was cut from: V8 keeps the whole parent of a slice alive, which for a
 * map's key would be a scrape's whole body.
 */
export function copyText(text: string): string {
  return Buffer.from(text).toString();
}

function isBlank(code: number): boolean {
  return code === BLANK || code === TAB;
}

function skipBlanks(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

function endOfWord(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && !isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

function excerpt(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function fault(line: number, what: string): OperatingError {
  return new OperatingError('invalid', `line ${line} ${what}`, { details: { line } });
}
