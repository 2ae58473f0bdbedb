/** How each format is read and written. */
import { parseDotenvTree } from './dotenv-tree.ts';
import { parseJsonTree } from './json-tree.ts';
import { decodeUtf8 } from './sops-scalar.ts';
import type { Edit, SopsMap, SopsScalar } from './sops-tree.ts';
import {
  joinBlock,
  joinDotenv,
  joinFlow,
  type SopsFields,
  splitBlock,
  splitDotenv,
  splitFlow,
  type SplitFile,
} from './metadata-place.ts';
import { formatYamlText } from './yaml-scalar.ts';
import { parseYamlTree } from './yaml-tree.ts';

/** `binary` is a whole file as one value of JSON. */
export type SopsFormat = 'yaml' | 'json' | 'dotenv' | 'binary';

export type SopsWriter = {
  readonly parse: (text: string) => SopsMap;
  readonly formatScalar: (scalar: SopsScalar) => string;
  /** The metadata as fields, if there is any; the rest of the file; and what to change so that it is gone. */
  readonly split: (tree: SopsMap, text: string) => SplitFile;
  /** What to change so that it is there. */
  readonly join: (tree: SopsMap, text: string, fields: SopsFields) => Edit;
};

/** The format that a file's name stands for, as SOPS guesses it. */
export function sopsFormatOf(file: string): SopsFormat {
  if (/\.ya?ml$/i.test(file)) return 'yaml';
  if (/\.json$/i.test(file)) return 'json';
  return /\.env$/i.test(file) ? 'dotenv' : 'binary';
}

const json: SopsWriter = {
  parse: parseJsonTree,
  formatScalar: ({ type, bytes }) => {
    const text = decodeUtf8(bytes) ?? '';
    if (type === 'bool') return text.toLowerCase();
    if (type === 'str' || type === 'bytes' || !Number.isFinite(Number(text))) return JSON.stringify(text);
    return formatNumber(type, text);
  },
  split: splitFlow,
  join: joinFlow,
};

const yaml: SopsWriter = {
  parse: parseYamlTree,
  formatScalar: ({ type, bytes }) => {
    const text = decodeUtf8(bytes) ?? '';
    if (type === 'str' || type === 'bytes') return formatYamlText(text);
    if (type === 'bool') return text.toLowerCase();
    const special: Readonly<Record<string, string>> = { '+Inf': '.inf', '-Inf': '-.inf', NaN: '.nan' };
    return special[text] ?? formatNumber(type, text);
  },
  split: (tree, text) => (tree.isFlow ? splitFlow(tree, text) : splitBlock(tree, text)),
  join: (tree, text, fields) => (tree.isFlow ? joinFlow(tree, text, fields) : joinBlock(tree, text, fields)),
};

const dotenv: SopsWriter = {
  parse: parseDotenvTree,
  formatScalar: ({ bytes }) => (decodeUtf8(bytes) ?? '').replaceAll('\n', '\\n'),
  split: splitDotenv,
  join: joinDotenv,
};

export const SOPS_WRITERS: Readonly<Record<SopsFormat, SopsWriter>> = { yaml, json, dotenv, binary: json };

/**
 * Floats as people and sops write them, with an exponent where the digits would be many. A whole one reads as an integer
 * later, which changes nothing: their digits are the same.
 */
function formatNumber(type: 'int' | 'float', text: string): string {
  return type === 'int' ? text : String(Number(text));
}
