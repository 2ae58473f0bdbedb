/**
 * Keeps a file as its template and the values in force make it. Level-triggered: each run looks at the last values, so
 * that many changes while a reload runs are one more run. A template that cannot be filled leaves the old file. A reload
 * that fails is said and tried again, since the file is new whether the program knows or not.
 */
import { backoffDelayMs, describeError, type Random } from '@plumb/base';
import type { ConfigFeedEvent, ConfigValue } from '@plumb/config/feed';
import { parseTemplate, type TemplateValues } from '@plumb/config/template';
import { writeRenderedFile, type WriteOutcome } from '@plumb/config/template-file';
import type { Reload } from './reload.ts';

/** A program that is being restarted is there a moment later; one that is broken is not asked all the time. */
const RELOAD_BACKOFF = { delayMsMin: 1_000, delayMsMax: 60_000 };

export type RenderTask = {
  /** The text of the template, read each time: it may be changed too. */
  readonly readTemplate: () => Promise<string>;
  readonly name: string;
  readonly file: string;
  readonly open: TemplateValues['open'];
  readonly reload: Reload | undefined;
};

export type Rendered = {
  readonly outcome: WriteOutcome;
  readonly keys: readonly string[];
  readonly secrets: readonly string[];
};

/** Renders and writes, once. @throws OperatingError as the template, its secrets or the file system do. */
export async function renderFile(task: RenderTask, values: TemplateValues['values']): Promise<Rendered> {
  const template = parseTemplate(await task.readTemplate(), { name: task.name });
  const { text, keys, secrets } = await template.render({ values, open: task.open });
  const outcome = await writeRenderedFile(task.file, text, { hasSecrets: secrets.length > 0 });
  return { outcome, keys, secrets };
}

/** What the feed says, after one more event. */
export function applyFeed(values: ReadonlyMap<string, ConfigValue>, event: ConfigFeedEvent): Map<string, ConfigValue> {
  if (event.kind === 'snapshot') return new Map(Object.entries(event.values));
  const next = new Map(values);
  for (const { key, value } of event.changes) {
    if (value === undefined) next.delete(key);
    else next.set(key, value);
  }
  return next;
}

export type RenderLoopOptions = {
  readonly random: Random;
  readonly sleep: (delayMs: number) => Promise<void>;
  readonly signal: AbortSignal;
  readonly onRendered: (rendered: Rendered) => void;
  readonly onReloaded: () => void;
  /** `what` is what could not be done: `render` or `reload`. */
  readonly onTrouble: (what: 'render' | 'reload', reason: string, retryMs: number | undefined) => void;
};

export class RenderLoop {
  readonly #task: RenderTask;
  readonly #options: RenderLoopOptions;
  #values: ReadonlyMap<string, ConfigValue> = new Map();
  #run: Promise<void> | undefined;
  #isStale = false;

  constructor(task: RenderTask, options: RenderLoopOptions) {
    this.#task = task;
    this.#options = options;
  }

  apply(event: ConfigFeedEvent): void {
    this.#values = applyFeed(this.#values, event);
    this.#isStale = true;
    this.#run ??= this.#runAll();
  }

  /** Resolves when the file is as it should be and the program knows, or `signal` aborted. */
  async whenIdle(): Promise<void> {
    await this.#run;
  }

  async #runAll(): Promise<void> {
    let isReloadDue = false;
    for (let attempt = 0; this.#isStale || isReloadDue;) {
      if (this.#options.signal.aborted) break;
      if (this.#isStale) {
        this.#isStale = false;
        attempt = 0;
        isReloadDue = (await this.#render()) || isReloadDue;
      }
      if (!isReloadDue || this.#isStale) continue;
      const retryMs = backoffDelayMs(RELOAD_BACKOFF, attempt, this.#options.random);
      isReloadDue = !(await this.#reload(retryMs));
      attempt += 1;
      // New values come first: their file is what the program should be told of.
      if (isReloadDue && !this.#isStale) await this.#options.sleep(retryMs);
    }
    this.#run = undefined;
  }

  /** Whether there is a new file to tell of. */
  async #render(): Promise<boolean> {
    try {
      const rendered = await renderFile(this.#task, this.#values);
      this.#options.onRendered(rendered);
      return rendered.outcome === 'written' && this.#task.reload !== undefined;
    } catch (error) {
      this.#options.onTrouble('render', describeError(error), undefined);
      return false;
    }
  }

  async #reload(retryMs: number): Promise<boolean> {
    try {
      await this.#task.reload?.(this.#options.signal);
      this.#options.onReloaded();
      return true;
    } catch (error) {
      this.#options.onTrouble('reload', describeError(error), retryMs);
      return false;
    }
  }
}
