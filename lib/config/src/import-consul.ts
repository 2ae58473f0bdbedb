/**
 * What `consul kv export` writes, and what its HTTP API answers to `GET /v1/kv/PREFIX?recurse`
 * (https://developer.hashicorp.com/consul/api-docs/kv): a JSON list of keys with their values in base 64. Folders, which
 * are keys that end in a slash, hold nothing.
 */
import * as v from 'valibot';
import type { ConfigValue } from './feed.ts';
import type { Imported, ImportedValue, ImportFault, ImportOptions } from './import-values.ts';
import { plainValueOf } from './import-words.ts';

const exported = v.array(
  v.union([
    v.object({ key: v.string(), value: v.nullish(v.string()) }),
    v.pipe(
      v.object({ Key: v.string(), Value: v.nullish(v.string()) }),
      v.transform(({ Key, Value }) => ({ key: Key, value: Value })),
    ),
  ]),
);

export function readConsulKv(text: string, { prefix = '', isText = false }: ImportOptions): Imported {
  const entries = parseEntries(text);
  if (entries === undefined) {
    const reason = 'this is not what "consul kv export" writes: a JSON list of {"key", "flags", "value"}';
    return { kind: 'faults', faults: [{ reason }] };
  }
  const values = new Map<string, ImportedValue>();
  const faults: ImportFault[] = [];
  const under = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  for (const { key: name, value } of entries) {
    if (name.endsWith('/') || !name.startsWith(under)) continue;
    const path = name.slice(under.length).replace(/^\//, '').replaceAll('/', '.');
    const decoded = decode(value ?? '');
    if (decoded === undefined) faults.push({ name, reason: `${name} holds bytes that are no text: leave it out` });
    else values.set(path, { value: valueOf(decoded, isText), name });
  }
  return faults.length === 0 ? { kind: 'values', values } : { kind: 'faults', faults };
}

function parseEntries(text: string): v.InferOutput<typeof exported> | undefined {
  try {
    const parsed = v.safeParse(exported, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

function valueOf(text: string, isText: boolean): ConfigValue {
  return isText ? text : plainValueOf(text);
}

function decode(base64: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
}
