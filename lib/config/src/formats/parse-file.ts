import path from 'node:path';
import { OperatingError } from '@plumb/base';
import { createPlaces, faultsAt, type FileReading, type FileValue } from './file-reading.ts';
import { parseDotenv } from './parse-dotenv.ts';
import { parseJson } from './parse-json.ts';
import { parseToml } from './parse-toml.ts';
import { parseYaml } from './parse-yaml.ts';
import { readVariables, type VariableOptions } from './variables.ts';

export const FILE_FORMATS = ['yaml', 'json', 'toml', 'dotenv'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** Endings of files that a directory is searched for. */
export const FORMAT_OF_ENDING: Readonly<Record<string, FileFormat>> = {
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.json': 'json',
  '.toml': 'toml',
  '.env': 'dotenv',
};

/** By the name: `app.yaml`, `app.yml`, `app.json`, `app.toml`, `app.env`, `.env`, `.env.local`. Undefined for any other. */
export function formatOfFile(file: string): FileFormat | undefined {
  const name = path.basename(file);
  return /^\.env(\.|$)/.test(name) ? 'dotenv' : FORMAT_OF_ENDING[path.extname(name).toLowerCase()];
}

/** @throws OperatingError `invalid` with the endings that there are. */
export function requireFormat(file: string): FileFormat {
  const format = formatOfFile(file);
  if (format !== undefined) return format;
  const endings = Object.keys(FORMAT_OF_ENDING).join(', ');
  throw new OperatingError(
    'invalid',
    `the format of "${file}" is not known by its name: end it in ${endings}, or name the format`,
  );
}

/** The leaves of a file by dotted path, or what is wrong with it. `variables` is for dotenv, whose names are variables. */
export async function parseFile(text: string, format: FileFormat, variables: VariableOptions): Promise<FileReading> {
  switch (format) {
    case 'yaml':
      return parseYaml(text);
    case 'json':
      return parseJson(text);
    case 'toml':
      return parseToml(text);
    case 'dotenv':
      return readDotenv(text, variables);
  }
}

function readDotenv(text: string, options: VariableOptions): FileReading {
  const { assignments, faults } = parseDotenv(text);
  const { values, faults: misplaced } = readVariables(assignments, options);
  const all = [...faults, ...misplaced.map(({ variable, reason }) => ({ offset: variable.offset, reason }))];
  if (all.length > 0) return faultsAt(text, all);
  const place = createPlaces(text);
  const placed = new Map<string, FileValue>();
  values.forEach(({ value, variable }, at) => {
    const { line, column } = place(variable.offset);
    placed.set(at, { value, line, column });
  });
  return { kind: 'values', values: placed };
}
