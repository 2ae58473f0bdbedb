/** Writes files of SOPS for recipients of age. */
import { type Clock, OperatingError } from '@plumb/base';
import { randomBytes } from 'node:crypto';
import { parseRecipients } from '../recipient.ts';
import { checkSize, createMac, ivKey, openSops } from './open-sops.ts';
import { formatPlain } from './plain-text.ts';
import { DATA_KEY_BYTES, encryptSopsBytes } from './sops-cipher.ts';
import { SOPS_WRITERS, type SopsFormat } from './sops-format.ts';
import { metadataFields, type SopsAgeKey, sealDataKey } from './sops-metadata.ts';
import { createRule, DEFAULT_RULE, type SopsRules } from './sops-rules.ts';
import { applyEdits, type Edit, type SopsLeaf, type SopsMap } from './sops-tree.ts';
import type { SopsValues } from './sops-values.ts';
import { formatAad, walkTree } from './walk-tree.ts';

export type WriteSopsOptions = {
  readonly format: SopsFormat;
  /** Who can read it, 1 to 64. */
  readonly recipients: readonly string[];
  /** For the time that SOPS writes into the file. */
  readonly clock: Clock;
  readonly rules?: SopsRules;
};

/**
 * Encrypts a text of YAML, JSON or dotenv as it is: its lines, order and comments stay, values and comments are replaced.
 * @throws OperatingError `invalid` with line and column for what SOPS does not keep (anchors, tags, dates, several documents)
 * or a file that is encrypted already, `exhausted` above 4 MiB. No error tells a value.
 */
export async function encryptSops(
  text: string,
  { rules = {}, ...options }: WriteSopsOptions & { readonly format: Exclude<SopsFormat, 'binary'> },
): Promise<string> {
  checkSize(text);
  const tree = SOPS_WRITERS[options.format].parse(text);
  return encryptTree({ text, tree }, { ...options, rules });
}

/**
 * Encrypts values: objects, lists, text, finite numbers, booleans, null. For `dotenv` they are flat, for `binary` they are
 * `{ data }` with bytes or text. Throws as `encryptSops`, with the path of a value that the format cannot hold.
 */
export async function writeSops(values: SopsValues, { rules = {}, ...options }: WriteSopsOptions): Promise<string> {
  if (options.format !== 'binary')
    return encryptSops(formatPlain(values, options.format), { ...options, rules, format: options.format });
  const { data } = values;
  if (!(data instanceof Uint8Array || typeof data === 'string') || Object.keys(values).length !== 1) {
    throw new OperatingError('invalid', 'a binary file has one value, data, of bytes or text: write another format');
  }
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  const text = '{\n\t"data": ""\n}';
  const tree = SOPS_WRITERS.binary.parse(text);
  const withBytes = (leaf: SopsLeaf): SopsLeaf => ({ ...leaf, scalar: { type: 'str', bytes } });
  const items = tree.items.map((item) =>
    item.kind === 'entry' && item.value.kind === 'leaf' ? { ...item, value: withBytes(item.value) } : item,
  );
  return encryptTree({ text, tree: { ...tree, items } }, { ...options, rules });
}

/**
 * Encrypts `plain` as a later version of the file `text`: for its recipients and by its rules. What did not change keeps
 * its ciphertext, so that a comparison shows only what did. With `recipients` it is for those, under another data key.
 * @throws OperatingError as `readSops` and `encryptSops`; `invalid` when `text` is also encrypted for others than age.
 */
export async function updateSops(
  text: string,
  plain: string,
  options: {
    readonly format: Exclude<SopsFormat, 'binary'>;
    readonly identities: readonly string[];
    readonly clock: Clock;
    readonly recipients?: readonly string[];
  },
): Promise<string> {
  const { format, clock, recipients } = options;
  const { metadata, dataKey, ivs } = await openSops(text, options);
  if (metadata.others.length > 0) {
    throw new OperatingError('invalid', `the file is also for ${metadata.others.join(', ')}: change it with sops`);
  }
  const { rules, age } = metadata;
  if (recipients !== undefined) return encryptSops(plain, { format, clock, recipients, rules });
  checkSize(plain);
  const file = { text: plain, tree: SOPS_WRITERS[format].parse(plain) };
  return encryptTree(file, { format, clock, rules, recipients: [], previous: { dataKey, age, ivs } });
}

type Previous = {
  readonly dataKey: Uint8Array;
  readonly age: readonly SopsAgeKey[];
  readonly ivs: ReadonlyMap<string, readonly Uint8Array[]>;
};

async function encryptTree(
  { text, tree }: { readonly text: string; readonly tree: SopsMap },
  {
    format,
    recipients,
    clock,
    rules,
    previous,
  }: WriteSopsOptions & { readonly rules: SopsRules; readonly previous?: Previous },
): Promise<string> {
  const writer = SOPS_WRITERS[format];
  if (writer.split(tree, text).fields !== undefined) {
    throw new OperatingError('invalid', 'the file has a sops part: it is encrypted already; decrypt it first');
  }
  const dataKey = previous?.dataKey ?? randomBytes(DATA_KEY_BYTES);
  const age = previous?.age ?? (await sealDataKey(dataKey, parseRecipients(recipients)));
  const encrypt = createEncrypter(dataKey, previous?.ivs);
  const isEncrypted = createRule(rules);
  const mac = createMac(rules);
  const edits: Edit[] = [];
  walkTree(tree, (item, { keys, ...place }) => {
    const encrypted = isEncrypted({ keys, ...place });
    if (item.kind === 'comment') {
      if (!encrypted || item.text === '') return;
      edits.push({
        ...item.range,
        text: `#${encrypt('comment', new TextEncoder().encode(item.text), formatAad(keys))}`,
      });
      return;
    }
    const { scalar, range, body, needsQuotes } = item;
    if (scalar === null) return;
    if (encrypted || rules.macOnlyEncrypted !== true) mac.update(scalar.bytes);
    if (!encrypted || scalar.bytes.length === 0) return;
    const ciphertext = encrypt(scalar.type, scalar.bytes, formatAad(keys));
    edits.push({ ...range, text: needsQuotes ? JSON.stringify(ciphertext) : ciphertext });
    if (body !== undefined) edits.push({ ...body, text: '\n' });
  });
  const lastModified = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const digest = new TextEncoder().encode(mac.digest('hex').toUpperCase());
  const sealedMac = encryptSopsBytes(digest, { type: 'str', path: lastModified, dataKey });
  const kept = { ...rules, rule: rules.rule ?? DEFAULT_RULE };
  const fields = metadataFields({ age, lastModified, mac: sealedMac, rules: kept, others: [] });
  return applyEdits(text, [...edits, writer.join(tree, text, fields)]);
}

/** Each earlier IV serves once: two equal values must not show that they are. */
function createEncrypter(
  dataKey: Uint8Array,
  ivs: ReadonlyMap<string, readonly Uint8Array[]> = new Map(),
): (type: string, bytes: Uint8Array, aad: string) => string {
  const unused = new Map([...ivs].map(([key, list]) => [key, [...list]]));
  return (type, bytes, aad) => {
    const iv = unused.get(ivKey(aad, type, bytes))?.shift();
    return encryptSopsBytes(bytes, { type, path: aad, dataKey, ...(iv !== undefined && { iv }) });
  };
}
