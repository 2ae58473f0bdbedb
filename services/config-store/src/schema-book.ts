import { type Collection, type Compare, createCollection, type Kv } from '@plumb/kv';
import type { SchemaCheck } from './compile-schema.ts';

/** Compiled schemas that are kept; beyond it the one that was asked for longest ago is compiled again when it is needed. */
const COMPILED_MAX = 64;

export type SchemaRecord = {
  /** As JSON: the store keeps it as it was written. */
  readonly schema: string;
  readonly author: string;
  readonly at: number;
};

/** 0 is the revision of none. */
export type ReadSchema = { readonly revision: number; readonly check: SchemaCheck | undefined };

/** The schemas of all applications, each compiled once a revision. */
export class SchemaBook {
  readonly #records: Collection<SchemaRecord>;
  readonly #compiled = new Map<string, ReadSchema>();

  constructor(kv: Kv) {
    this.#records = createCollection(kv, 'config/schema/');
  }

  async get(application: string): Promise<(SchemaRecord & { readonly revision: number }) | undefined> {
    const item = await this.#records.get(application);
    return item === undefined ? undefined : { ...item.value, revision: item.modRevision };
  }

  async read(application: string): Promise<ReadSchema> {
    const item = await this.#records.get(application);
    if (item === undefined) return { revision: 0, check: undefined };
    const known = this.#compiled.get(application);
    this.#compiled.delete(application);
    const read =
      known?.revision === item.modRevision
        ? known
        : {
            revision: item.modRevision,
            check: await compile(JSON.parse(item.value.schema) as Record<string, unknown>),
          };
    this.#compiled.set(application, read);
    const oldest = this.#compiled.keys().next().value;
    if (this.#compiled.size > COMPILED_MAX && oldest !== undefined) this.#compiled.delete(oldest);
    return read;
  }

  /** @throws OperatingError as `compileSchema`. */
  compile(schema: Readonly<Record<string, unknown>>): Promise<SchemaCheck> {
    return compile(schema);
  }

  /** The revision of the change; of what is there already where nothing was to be changed. */
  async put(application: string, record: SchemaRecord | undefined): Promise<number> {
    const outcome =
      record === undefined ? await this.#records.delete(application) : await this.#records.put(application, record);
    return outcome.kind === 'committed' ? outcome.revision : 0;
  }

  /** Holds while the schema is the one that was read. */
  compare(application: string, { revision }: ReadSchema): Compare {
    return this.#records.compare(application, revision);
  }
}

/** Loaded where there is a schema: ajv takes its time and memory. */
async function compile(schema: Readonly<Record<string, unknown>>): Promise<SchemaCheck> {
  const { compileSchema } = await import('./compile-schema.ts');
  return compileSchema(schema);
}
