/** A JSON Schema in a file of JSON or YAML, with the places of its parts for whoever refuses one of them. */
import { OperatingError } from '@plumb/base';
import fs from 'node:fs/promises';
import { type Document, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml';

/** A schema of a large application is a tenth of it. */
const FILE_SIZE_BYTES_MAX = 1_048_576;

export type SchemaFile = {
  readonly schema: Readonly<Record<string, unknown>>;
  /** Throws `error` again, with the place in the file that it is about where it names one. */
  readonly placeFaults: (error: unknown) => never;
};

/** `name` is what errors call it. @throws OperatingError `not-found`, `exhausted`, `invalid` with every fault placed. */
export async function readSchemaFile(file: string, name: string): Promise<SchemaFile> {
  const text = await fs.readFile(file, 'utf8').catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    throw new OperatingError('not-found', `cannot read ${file} (${code}): name a file that you may read`);
  });
  if (text.length > FILE_SIZE_BYTES_MAX) {
    throw new OperatingError('exhausted', `${name} is over ${FILE_SIZE_BYTES_MAX} bytes: a schema is smaller`);
  }
  const lines = new LineCounter();
  // JSON is YAML, and the same parser tells where things are.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    const faults = document.errors.map(({ message, pos }) => ({ key: '', at: at(pos[0]), reason: message }));
    throw new OperatingError('invalid', `${name} cannot be read`, { details: { faults } });
  }
  const schema: unknown = document.toJS({ maxAliasCount: 100 });
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new OperatingError('invalid', `${at(0)}: a schema is an object, such as {"type": "object"}`);
  }
  return {
    schema: schema as Readonly<Record<string, unknown>>,
    placeFaults(error) {
      if (!(error instanceof OperatingError) || error.code !== 'invalid') throw error;
      const offset = placeOf(document, error.message);
      const message = offset === undefined ? error.message : `${at(offset)}: ${error.message}`;
      throw new OperatingError(error.code, message, { cause: error, details: error.details });
    },
  };
}

/** The offset of what a message names: by a path such as `data/properties/port`, or by a word in quotes that is a name. */
function placeOf(document: Document, message: string): number | undefined {
  const [, pointer] = /\b(?:data|#)((?:\/[^\s/,:"]+)+)/.exec(message) ?? [];
  const path = pointer?.split('/').slice(1) ?? [];
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length).map(asIndex), true) as { range?: [number] } | undefined;
    if (node?.range !== undefined) return node.range[0];
  }
  const [, word] = /"([^"]+)"/.exec(message) ?? [];
  let found: number | undefined;
  visit(document, {
    Pair(_key, pair) {
      if (!isPair(pair) || !isScalar(pair.key) || pair.key.value !== word) return undefined;
      found = pair.key.range?.[0];
      return visit.BREAK;
    },
  });
  return found;
}

function asIndex(name: string): string | number {
  return /^\d+$/.test(name) ? Number(name) : name.replaceAll('~1', '/').replaceAll('~0', '~');
}
