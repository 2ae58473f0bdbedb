/** Plain scalars of YAML as Go's yaml.v3 reads them, which is what SOPS hashes; and text as YAML that every reader reads alike. */
import { floatScalar, intScalar } from './sops-scalar.ts';
import { type SopsScalar, textScalar } from './sops-tree.ts';

/** The scalar of an unquoted text; undefined for a date, which SOPS refuses. */
export function readPlainScalar(source: string): SopsScalar | null | undefined {
  if (/^(|~|null|Null|NULL)$/.test(source)) return null;
  if (/^(true|True|TRUE)$/.test(source)) return { type: 'bool', bytes: new TextEncoder().encode('True') };
  if (/^(false|False|FALSE)$/.test(source)) return { type: 'bool', bytes: new TextEncoder().encode('False') };
  if (/^\d{4}-\d{1,2}-\d{1,2}([Tt ]|$)/.test(source)) return undefined;
  return readNumber(source) ?? textScalar(source);
}

function readNumber(source: string): SopsScalar | undefined {
  if (/^[+-]?\.(inf|Inf|INF)$/.test(source)) return floatScalar(source.startsWith('-') ? -Infinity : Infinity);
  if (/^\.(nan|NaN|NAN)$/.test(source)) return floatScalar(Number.NaN);
  if (!/^[+-]?[.\d]/.test(source)) return undefined;
  const digits = source.replaceAll('_', '');
  const [, sign = '', mark = '', rest = ''] = /^([+-]?)(0[xX]|0[oO]|0[bB]|0(?=\d))?([0-9a-fA-F]+)$/.exec(digits) ?? [];
  const base = ({ '0x': 16, '0o': 8, '0b': 2, '0': 8 } as const)[mark.toLowerCase()] ?? 10;
  const integer = rest === '' ? undefined : intScalar(sign + rest, base);
  if (integer !== undefined) return integer;
  return /^[+-]?(\.\d+|\d+(\.\d*)?)(e[+-]?\d+)?$/i.test(digits) ? floatScalar(Number(digits)) : undefined;
}

/** Text that is the same unquoted, whoever reads it: it starts with a letter and looks like no boolean, null or number. */
const PLAIN = /^[\p{L}_/][\p{L}\p{N}_./@+'-]*( [\p{L}\p{N}_./@+'-]+)*$/u;
const RESERVED = /^(y|n|yes|no|on|off|true|false|null|nan|inf)$/i;

/** `text` as a scalar of YAML: unquoted where that is safe, else in double quotes. */
export function formatYamlText(text: string): string {
  if (PLAIN.test(text) && !RESERVED.test(text)) return text;
  // What JSON lets through and YAML does not.
  return JSON.stringify(text).replaceAll(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
