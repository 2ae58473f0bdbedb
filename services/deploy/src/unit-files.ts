/**
 * The files that a process is given (`files` of the manifest), from its first start to the end of its instance. They are
 * rendered as the process itself sees its configuration: its environment, its secrets, the rollouts that it is a member of.
 *
 * Before the start every file must be made, or the process is not started. Later a file that cannot be made stays as it
 * was, with a line in the log of the process. That the files are of a revision is reported as the process's own.
 */
import path from 'node:path';
import { type Clock, describeError, type Log, OperatingError, type Random } from '@plumb/base';
import { digestOf } from '@plumb/config/digest';
import type { ConfigFeedEvent, ConfigValue, SealedValue } from '@plumb/config/feed';
import { parseTemplate } from '@plumb/config/template';
import { writeRenderedFile } from '@plumb/config/template-file';
import type { ConfigClient } from '@plumb/config-store';
import type { FileSpec } from '@plumb/manifest';
import { resubscribe } from '@plumb/rpc';
import { openSealedValue } from '@plumb/vault';
import fs from 'node:fs/promises';

/** `TEMPLATE_CHARS_MAX` of templates in bytes: a larger file is no template. */
const TEMPLATE_BYTES_MAX = 4 * 1_048_576;

/** The configuration as the process is let to see it. */
export type ProcessConfig = Pick<ConfigClient, 'snapshot' | 'watch' | 'report' | 'reportReads'>;

export type UnitFilesOptions = {
  readonly files: readonly FileSpec[];
  /** Where the paths of `files` start. */
  readonly directory: string;
  readonly application: string;
  readonly component: string;
  readonly instanceId: string;
  /** Undefined: the one that the application is deployed in. */
  readonly environment: string | undefined;
  readonly release: string;
  readonly config: ProcessConfig;
  /** What the secrets of the application open with. */
  readonly identity: string;
  /** A line in the log of the process. */
  readonly note: (line: string) => void;
};

type UnitFilesDependencies = { readonly clock: Clock; readonly random: Random; readonly log: Log };
type Values = ReadonlyMap<string, ConfigValue>;

export class UnitFiles {
  readonly #options: UnitFilesOptions;
  readonly #dependencies: UnitFilesDependencies;
  readonly #stop = new AbortController();
  #following: Promise<void> | undefined;

  constructor(options: UnitFilesOptions, dependencies: UnitFilesDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** Makes every file. @throws OperatingError with the file, line and column of the template; what was made stays. */
  async renderAll(): Promise<void> {
    const { application, environment, config, files } = this.#options;
    const { values } = await config.snapshot({ application, environment });
    for (const file of files) await this.#render(file, new Map(Object.entries(values)));
  }

  /** Keeps the files right until it is closed. `onNew` is told once a change set of the files that became others. */
  follow(onNew: (files: readonly FileSpec[]) => void): void {
    this.#following ??= this.#follow(onNew);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  async #follow(onNew: (files: readonly FileSpec[]) => void): Promise<void> {
    const { application, environment, instanceId: instance, config } = this.#options;
    const { clock, random, log } = this.#dependencies;
    const { signal } = this.#stop;
    let values: Values = new Map();
    try {
      const watch = (until: AbortSignal): AsyncIterable<ConfigFeedEvent> =>
        config.watch({ application, environment, instance }, { signal: until });
      for await (const event of resubscribe(watch, { clock, random, signal, log })) {
        values = applied(values, event);
        await this.#update(values, event.revision, onNew);
      }
    } catch (error) {
      if (!signal.aborted)
        log.error('deploy.files-not-followed', { application, instance, error: describeError(error) });
    }
  }

  async #update(values: Values, revision: number, onNew: (files: readonly FileSpec[]) => void): Promise<void> {
    const { files, note, application, instanceId: instance, config } = this.#options;
    const isNew: FileSpec[] = [];
    let isWhole = true;
    for (const file of files) {
      try {
        if (await this.#render(file, values)) isNew.push(file);
      } catch (error) {
        isWhole = false;
        note(`${file.to} stays as it was: ${describeError(error)}`);
      }
    }
    if (isNew.length > 0) onNew(isNew);
    // The store does not wait for it, and the next revision says it again.
    if (isWhole)
      await config.report({ application, instance, revision, digest: digestOf(values) }).catch(() => undefined);
  }

  /** Whether the file is another one than before. */
  async #render({ template, to }: FileSpec, values: Values): Promise<boolean> {
    const { directory, application, identity } = this.#options;
    const text = await readTemplate(path.join(directory, template), template);
    const open = (key: string, sealed: SealedValue): Promise<ConfigValue> =>
      openSealedValue({ application, key, sealed, identities: [identity] });
    const rendered = await parseTemplate(text, { name: template }).render({ values, open });
    await this.#tellReads(rendered.keys);
    const file = path.join(directory, to);
    await fs.mkdir(path.dirname(file), { recursive: true });
    return (await writeRenderedFile(file, rendered.text, { hasSecrets: rendered.secrets.length > 0 })) === 'written';
  }

  /** What is in a file is used, whoever reads the file. */
  async #tellReads(keys: readonly string[]): Promise<void> {
    const { application, component, instanceId: instance, release, config } = this.#options;
    if (keys.length === 0) return;
    await config.reportReads({ application, instance, component, release, paths: [...keys] }).catch(() => undefined);
  }
}

async function readTemplate(file: string, name: string): Promise<string> {
  const { size } = await fs.stat(file).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    throw new OperatingError(
      'not-found',
      `cannot read the template ${name} (${code}): is it in the folder of the manifest?`,
    );
  });
  if (size > TEMPLATE_BYTES_MAX)
    throw new OperatingError('exhausted', `the template ${name} has ${size} bytes: split it`);
  return fs.readFile(file, 'utf8');
}

function applied(values: Values, event: ConfigFeedEvent): Values {
  if (event.kind === 'snapshot') return new Map(Object.entries(event.values));
  const next = new Map(values);
  for (const { key, value } of event.changes) {
    if (value === undefined) next.delete(key);
    else next.set(key, value);
  }
  return next;
}
