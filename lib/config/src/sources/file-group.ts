/**
 * Files as one source: read at the start and whenever they may be different, merged in their order. A file is used as a
 * whole or not at all; while one cannot be used, what it said last stays.
 */
import fs from 'node:fs/promises';
import { createRepeater, formatSize, OperatingError, sleep } from '@plumb/base';
import type { ConfigSource, SourceContext, SourceValue } from '../config-source.ts';
import { FILE_SIZE_BYTES_MAX, type FileReading } from '../formats/file-reading.ts';
import { type FileFormat, parseFile } from '../formats/parse-file.ts';
import type { VariableOptions } from '../formats/variables.ts';
import { LayeredValues } from '../layered-values.ts';
import { SETTLE_MS, watchDirectory } from './watch-directory.ts';

/** A file that changes for a second on end is not one that a person or a program has written. */
const STEADY_TRIES_MAX = 20;

export type GroupFile = { readonly file: string; readonly format: FileFormat };

export type FileGroup = {
  /** The name of the source. */
  readonly name: string;
  /** What is watched, and what `list` looks into. */
  readonly directory: string;
  /** The files that are there, lowest first. @throws OperatingError for what must not be there. */
  readonly list: () => Promise<readonly GroupFile[]>;
  /** What is said when there was a file and there is none: then the last values stay. Undefined: they go with it. */
  readonly gone: string | undefined;
  /** Without a file that can be used, `open` rejects. */
  readonly isRequired: boolean;
  /** For dotenv files. */
  readonly variables: VariableOptions;
};

/** What is known of a file: what it says since it could last be used, and the text that was seen last. */
type Known = {
  readonly text: string;
  readonly values: ReadonlyMap<string, SourceValue>;
  readonly fault: string | undefined;
};

export function createFileGroup(group: FileGroup): ConfigSource {
  return {
    name: group.name,
    async open(context) {
      const reader = new GroupReader(group, context);
      // A change while it is read for the first time is read again after it.
      let first: Promise<readonly string[]> | undefined;
      const repeater = createRepeater(async () => {
        await first;
        const troubles = await reader.load();
        if (troubles.length > 0) context.warn(troubleOf(troubles));
        else context.settle();
      });
      watchDirectory({ ...context, directory: group.directory, files: () => reader.files, onChange: repeater.request });
      first = reader.load();
      const troubles = [...(await first)];
      if (group.isRequired && troubles.length === 0 && reader.files.length === 0) {
        troubles.push(`${group.name} is not there, and it is required: make it`);
      }
      if (troubles.length === 0) return;
      if (group.isRequired) throw troubleOf(troubles);
      context.warn(troubleOf(troubles));
    },
  };
}

function troubleOf(troubles: readonly string[]): OperatingError {
  return new OperatingError('invalid', troubles.join('; '));
}

class GroupReader {
  readonly #group: FileGroup;
  readonly #context: SourceContext;
  #known: ReadonlyMap<string, Known> = new Map();
  #listed: readonly string[] = [];
  #hasPublished = false;

  constructor(group: FileGroup, context: SourceContext) {
    this.#group = group;
    this.#context = context;
  }

  /** Those that are there. */
  get files(): readonly string[] {
    return this.#listed;
  }

  /** Reads what is there, publishes it if it is different, and returns what is wrong. Does not reject. */
  async load(): Promise<readonly string[]> {
    const { name, list, gone } = this.#group;
    let files: readonly GroupFile[];
    try {
      files = await list();
    } catch (error) {
      return [error instanceof OperatingError ? error.message : `${name} cannot be read: ${reasonOf(error)}`];
    }
    if (files.length === 0 && this.#known.size > 0 && gone !== undefined) return [gone];
    this.#listed = files.map(({ file }) => file);
    const known = await Promise.all(files.map(async (one) => [one.file, await this.#read(one)] as const));
    const isSame =
      known.length === this.#known.size && known.every(([file, one]) => this.#known.get(file)?.values === one.values);
    this.#known = new Map(known);
    if ((!isSame || !this.#hasPublished) && !this.#context.signal.aborted) {
      this.#hasPublished = true;
      this.#context.publish({ values: mergeFiles(known.map(([, { values }]) => values)) });
    }
    return known.flatMap(([, { fault }]) => fault ?? []);
  }

  async #read({ file, format }: GroupFile): Promise<Known> {
    const before = this.#known.get(file);
    const values = before?.values ?? new Map<string, SourceValue>();
    const stays = before === undefined || before.values.size === 0 ? 'nothing of it is used' : 'its last values stay';
    const text = await this.#readSteady(file, before).catch((error: unknown) => ({ reason: reasonOf(error) }));
    if (typeof text !== 'string') {
      return { text: '', values, fault: `${file} cannot be read: ${text.reason}; ${stays}` };
    }
    if (before !== undefined && before.fault === undefined && before.text === text) return before;
    const reading = await parseFile(text, format, this.#group.variables);
    if (reading.kind === 'values') return { text, values: this.#placed(file, reading), fault: undefined };
    const faults = reading.faults.map(({ line, column, reason }) => `${file}:${line}:${column}: ${reason}`);
    return { text, values, fault: `${faults.join('; ')}; ${stays}` };
  }

  /** The text of a file that nobody writes at the moment; at the start whatever is there. */
  async #readSteady(file: string, before: Known | undefined): Promise<string> {
    const { clock, signal } = this.#context;
    for (let i = 0; i < STEADY_TRIES_MAX; i += 1) {
      const { text, sign } = await readText(file);
      if (!this.#hasPublished || before?.text === text || signal.aborted) return text;
      await sleep(clock, SETTLE_MS, signal);
      if ((await readText(file)).sign === sign) return text;
    }
    throw new OperatingError('unavailable', 'it is written all the time: put another in its place instead');
  }

  #placed(file: string, { values }: FileReading & { kind: 'values' }): ReadonlyMap<string, SourceValue> {
    const source = this.#group.name;
    const placed = new Map<string, SourceValue>();
    values.forEach(({ value, line, column }, path) => {
      placed.set(path, { value, origin: { source, file, line, column } });
    });
    return placed;
  }
}

/** What files say together, later ones over earlier ones, each with what it wins over. */
function mergeFiles(files: readonly ReadonlyMap<string, SourceValue>[]): ReadonlyMap<string, SourceValue> {
  const [only] = files;
  if (only === undefined || files.length === 1) return only ?? new Map();
  const layered = new LayeredValues();
  layered.apply(new Map(files.entries()));
  const merged = new Map<string, SourceValue>();
  for (const [path, entry] of layered.inForce) {
    if (entry.kind !== 'leaf') continue;
    const others = layered.spokenAround(path).filter(({ said }) => said !== entry.said);
    const hides = others.map((one) => ({ path: one.path, ...one.said }));
    merged.set(path, hides.length === 0 ? entry.said : { ...entry.said, hides });
  }
  return merged;
}

async function readText(file: string): Promise<{ readonly text: string; readonly sign: string }> {
  const handle = await fs.open(file);
  try {
    const { size, ino, mtimeNs } = await handle.stat({ bigint: true });
    const bound = FILE_SIZE_BYTES_MAX + 1;
    // The size of some files, such as those below /proc, is not told.
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(Math.max(Number(size), 4_096) + 1, bound)));
    if (bytesRead === bound) {
      const advice = 'move data to files of their own';
      throw new OperatingError('exhausted', `it has more than ${formatSize(FILE_SIZE_BYTES_MAX)}: ${advice}`);
    }
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(buffer.subarray(0, bytesRead));
    return { text, sign: `${ino}:${size}:${mtimeNs}` };
  } finally {
    await handle.close();
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof OperatingError) return error.message;
  if (error instanceof TypeError) return 'it is not UTF-8: save it as UTF-8';
  const { code } = error as { readonly code?: unknown };
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'it is not there',
    EACCES: 'it must not be read by this user: change its mode or owner',
    EISDIR: 'it is a directory: name a file, or use directorySource',
  };
  return words[String(code)] ?? String(error);
}
