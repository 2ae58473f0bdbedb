import fs from 'node:fs/promises';
import path from 'node:path';
import { OperatingError } from '@plumb/base';
import * as v from 'valibot';
import { namesOf } from '../config-path.ts';
import { type ConfigObject, objectOf } from '../config-values.ts';
import { parseFile } from '../formats/parse-file.ts';
import type { ValueProvider } from './value-providers.ts';

const optionsSchema = v.strictObject({
  path: v.string('path must name a file'),
  format: v.optional(v.picklist(['raw', 'yaml', 'json'], 'format must be raw, yaml or json'), 'raw'),
  encoding: v.optional(v.picklist(['utf8', 'utf-8'], 'encoding must be utf8'), 'utf8'),
});

/** As large as the configuration itself may be. */
const PROVIDED_SIZE_BYTES_MAX = 1_024 * 1_024;

/**
 * Files below `root`, as C5Store's file provider: options `path`, `format` (`raw`, the text as it is, is the default; `yaml`;
 * `json`) and `encoding` (UTF-8). At most 1 MiB each. A path that leads out of `root` is refused.
 */
export function fileProvider(root: string, { everyMs }: { readonly everyMs?: number } = {}): ValueProvider {
  return {
    everyMs,
    async load({ options }) {
      const checked = v.safeParse(optionsSchema, options);
      if (!checked.success) throw new OperatingError('invalid', checked.issues[0].message);
      const { path: name, format } = checked.output;
      const file = await resolveBelow(root, name);
      const { size } = await fs.stat(file);
      if (size > PROVIDED_SIZE_BYTES_MAX) throw new OperatingError('exhausted', `${file} has more than 1 MiB`);
      const text = await fs.readFile(file, 'utf8');
      return format === 'raw' ? text : parsed(file, text, format);
    },
  };
}

/** The real place of a file, which links do not lead out of `root`. */
async function resolveBelow(root: string, name: string): Promise<string> {
  const base = await fs.realpath(root);
  const file = await fs.realpath(path.resolve(base, name)).catch(() => {
    throw new OperatingError('not-found', `${path.join(root, name)} is not there`);
  });
  if (file.startsWith(base + path.sep)) return file;
  throw new OperatingError('denied', `"${name}" leads out of ${root}: name a file below it`);
}

async function parsed(file: string, text: string, format: 'yaml' | 'json'): Promise<ConfigObject> {
  const reading = await parseFile(text, format, {});
  if (reading.kind === 'faults') {
    const faults = reading.faults.map(({ line, column, reason }) => `${file}:${line}:${column}: ${reason}`);
    throw new OperatingError('invalid', faults.join('; '));
  }
  return objectOf([...reading.values].map(([at, { value }]) => [namesOf(at), value] as const));
}
