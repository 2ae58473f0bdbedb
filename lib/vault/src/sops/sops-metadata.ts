/** What SOPS keeps beside the values: for whom the data key is encrypted, which values are, and the MAC over them. */
import { OperatingError } from '@plumb/base';
import { decryptBytes, encryptBytes } from '../age.ts';
import { RECIPIENTS_MAX } from '../recipient.ts';
import { DATA_KEY_BYTES } from './sops-cipher.ts';
import { SOPS_RULES, type SopsRules } from './sops-rules.ts';

/** The version of SOPS whose files these are, as it writes into them. */
export const SOPS_VERSION = '3.9.4';

/** One data key, encrypted for one recipient of age, in armor. */
export type SopsAgeKey = { readonly recipient: string; readonly enc: string };

export type SopsMetadata = {
  readonly age: readonly SopsAgeKey[];
  /** RFC 3339, in seconds; it is authenticated with the MAC. */
  readonly lastModified: string;
  readonly mac: string;
  readonly rules: SopsRules;
  /** Other kinds of keys that the file is encrypted for, such as `pgp`, which are not understood here. */
  readonly others: readonly string[];
};

const OTHER_KEYS = ['kms', 'gcp_kms', 'azure_kv', 'hc_vault', 'pgp'];

/** @throws OperatingError `invalid` with what is missing or not understood. */
export function parseMetadata(fields: Readonly<Record<string, unknown>>): SopsMetadata {
  const { lastmodified, mac } = fields;
  const groups = fields['key_groups'];
  if (Array.isArray(groups) && groups.length > 0) {
    throw fault('its key is split among key_groups (Shamir), which is not supported: use one group');
  }
  if (typeof lastmodified !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(lastmodified)) {
    throw fault('its sops.lastmodified is not a time of RFC 3339: restore the file');
  }
  if (typeof mac !== 'string' || mac === '')
    throw fault('it has no MAC, so changes to it cannot be seen: encrypt it again');
  const age = Array.isArray(fields['age']) ? fields['age'].map(parseAgeKey) : [];
  const others = OTHER_KEYS.filter((name) => Array.isArray(fields[name]) && fields[name].length > 0);
  if (age.length > RECIPIENTS_MAX) throw fault(`it has ${age.length} recipients, and ${RECIPIENTS_MAX} are the most`);
  if (age.length === 0) {
    const readers = others.length === 0 ? 'for nobody' : `for ${others.join(', ')} and not for age`;
    throw fault(`it is encrypted ${readers}: add a recipient with "sops rotate --add-age"`);
  }
  // Go drops a fraction of a second before it authenticates the time.
  return { age, lastModified: lastmodified.replace(/\.\d+/, ''), mac, rules: parseRules(fields), others };
}

/** A field of the metadata as it is written. */
export type SopsField = null | string | boolean | readonly SopsAgeKey[];

/** The fields as SOPS writes them, in its order; `null` stands for an empty list of keys. */
export function metadataFields({ age, lastModified, mac, rules }: SopsMetadata): Readonly<Record<string, SopsField>> {
  const { rule, macOnlyEncrypted } = rules;
  return {
    kms: null,
    gcp_kms: null,
    azure_kv: null,
    hc_vault: null,
    age: age.map(({ recipient, enc }) => ({ recipient, enc })),
    lastmodified: lastModified,
    mac,
    pgp: null,
    ...(rule !== undefined && { [rule.name]: rule.text }),
    ...(macOnlyEncrypted === true && { mac_only_encrypted: true }),
    version: SOPS_VERSION,
  };
}

/** The key that the values are encrypted with. @throws OperatingError `denied` when it is for none of the identities. */
export async function openDataKey({ age }: SopsMetadata, identities: readonly string[]): Promise<Uint8Array> {
  for (const { enc } of age) {
    const opened = await decryptBytes(new TextEncoder().encode(enc), { identities }).catch((error: unknown) => {
      if (error instanceof OperatingError && error.code === 'denied') return undefined;
      throw error;
    });
    if (opened === undefined) continue;
    if (opened.length === DATA_KEY_BYTES) return opened;
    throw fault(`its data key has ${opened.length} bytes, not ${DATA_KEY_BYTES}: restore the file`);
  }
  const readers = age.map(({ recipient }) => `${recipient.slice(0, 12)}…`).join(', ');
  throw new OperatingError('denied', `the SOPS file is for ${readers}, and none of the keys at hand is among them`);
}

export async function sealDataKey(dataKey: Uint8Array, recipients: readonly string[]): Promise<readonly SopsAgeKey[]> {
  return Promise.all(
    recipients.map(async (recipient) => {
      const enc = await encryptBytes(dataKey, { recipients: [recipient], armored: true });
      return { recipient, enc: new TextDecoder().decode(enc) };
    }),
  );
}

function parseAgeKey(key: unknown): SopsAgeKey {
  const { recipient, enc } = (key ?? {}) as Partial<Record<keyof SopsAgeKey, unknown>>;
  if (typeof recipient === 'string' && typeof enc === 'string') return { recipient, enc };
  throw fault('an entry of sops.age has no recipient or no enc: restore the file');
}

function parseRules(fields: Readonly<Record<string, unknown>>): SopsRules {
  const rules = SOPS_RULES.flatMap((name) => {
    const text = fields[name];
    return typeof text === 'string' && text !== '' ? [{ name, text }] : [];
  });
  if (rules.length > 1) throw fault(`it has ${rules.map(({ name }) => name).join(' and ')}: keep one of them`);
  const [rule] = rules;
  const macOnlyEncrypted = fields['mac_only_encrypted'] === true || fields['mac_only_encrypted'] === 'true';
  return { ...(rule !== undefined && { rule }), ...(macOnlyEncrypted && { macOnlyEncrypted }) };
}

function fault(what: string): OperatingError {
  return new OperatingError('invalid', `the SOPS file was not read: ${what}`);
}
