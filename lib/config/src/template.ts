/**
 * Files for programs that only read files: a Liquid template (https://shopify.github.io/liquid/, by LiquidJS) filled
 * with configuration. A name that is not configured is an error, not an empty text; lists and objects have to be written
 * with a filter. A template reads no files and cannot run for long. Secrets are opened only where it writes them.
 */
import { nearestWord, OperatingError } from '@plumb/base';
import { Liquid, LiquidError, type Template as LiquidTemplate } from 'liquidjs';
import type { ConfigValue, SealedValue } from './feed.ts';
import { buildScope, type Scope } from './template-scope.ts';

/** Configuration files are pages, not books. */
const TEMPLATE_CHARS_MAX = 1_048_576;
/** A file of thousands of lines takes milliseconds: who needs longer loops. It blocks the process that long. */
const RENDER_MS_MAX = 2_000;
/** LiquidJS counts characters and items here: some tens of megabytes. */
const RENDER_MEMORY_MAX = 20_000_000;

export type TemplateValues = {
  /** The values in force, by dotted path. */
  readonly values: ReadonlyMap<string, ConfigValue>;
  /** Opens a secret when the template first writes it. What it throws ends the rendering. */
  readonly open: (key: string, sealed: SealedValue) => Promise<ConfigValue>;
};

export type RenderedTemplate = {
  readonly text: string;
  /** The keys that it was made of, sorted. */
  readonly keys: readonly string[];
  /** Those of them that are secrets, sorted. */
  readonly secrets: readonly string[];
};

export type Template = {
  /** @throws OperatingError `invalid` with file, line and column; what `open` threw, with them. */
  readonly render: (values: TemplateValues) => Promise<RenderedTemplate>;
};

/** `name` is what errors call it, such as its file. @throws OperatingError `invalid` with line and column. */
export function parseTemplate(text: string, { name }: { readonly name: string }): Template {
  const engine = createEngine();
  const parsed = parse(engine, text, name);
  return {
    async render(given) {
      const scope = buildScope(given);
      try {
        const rendered: unknown = await engine.render(parsed, scope.root);
        return { text: String(rendered), keys: [...scope.read].sort(), secrets: [...scope.opened].sort() };
      } catch (error) {
        throw explain(error, name, scope);
      }
    },
  };
}

function createEngine(): Liquid {
  return new Liquid({
    strictVariables: true,
    strictFilters: true,
    // Only what is configured is there to be named: no prototypes.
    ownPropertyOnly: true,
    // `if` and `default` are how a template says that a value may be missing.
    lenientIf: true,
    // No partials: an empty map in place of the file system.
    templates: {},
    relativeReference: false,
    // It may answer later, which the types of LiquidJS do not say.
    outputEscape: writeValue as (value: unknown) => string,
    parseLimit: TEMPLATE_CHARS_MAX,
    renderLimit: RENDER_MS_MAX,
    memoryLimit: RENDER_MEMORY_MAX,
  });
}

/** What `{{ }}` writes. */
function writeValue(value: unknown): unknown {
  if (value === null || value === undefined) return '';
  // A secret that was reached through a loop is still closed.
  if (typeof value === 'function') return Promise.resolve((value as () => unknown)()).then(writeValue);
  if (typeof value === 'object') {
    const what = Array.isArray(value) ? 'a list' : 'an object';
    throw new Error(`it is ${what}: write it with a filter, such as "| join: ', '" or "| json"`);
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function parse(engine: Liquid, text: string, name: string): LiquidTemplate[] {
  try {
    return engine.parse(text);
  } catch (error) {
    throw explain(error, name, undefined);
  }
}

function explain(error: unknown, name: string, scope: Scope | undefined): OperatingError {
  const cause = originalOf(error);
  const { line, column } = positionOf(error);
  const at = line === undefined ? name : `${name}:${line}:${column}`;
  if (cause instanceof OperatingError) {
    return new OperatingError(cause.code, `${at}: ${cause.message}`, {
      cause,
      details: { ...cause.details, line, column },
    });
  }
  return new OperatingError('invalid', `${at}: ${reasonOf(cause, scope)}`, { details: { line, column } });
}

function reasonOf(cause: Error, scope: Scope | undefined): string {
  const { variableName } = cause as Error & { variableName?: string };
  if (variableName !== undefined) {
    const near = nearestWord(variableName, [...(scope?.paths ?? [])]);
    const hint = near === undefined ? 'set it, or write "| default: …" after it' : `did you mean "${near}"?`;
    return `"${variableName}" is not configured: ${hint}`;
  }
  const message = cause.message.replace(/, line:\d+, col:\d+$/, '').split('\n')[0] ?? '';
  if (message.includes('limit exceeded')) {
    return `it is too large or runs for too long (${message}): it may run for ${RENDER_MS_MAX} ms`;
  }
  if (message.startsWith('ENOENT')) return 'a template cannot use other files: write it as one';
  return message;
}

function originalOf(error: unknown): Error {
  let current = error;
  // Each block that the fault is in wraps it once.
  while (LiquidError.is(current) && current.originalError !== undefined) current = current.originalError;
  return current instanceof Error ? current : new Error(String(current));
}

function positionOf(error: unknown): { readonly line?: number; readonly column?: number } {
  if (!LiquidError.is(error)) return {};
  const inner = LiquidError.is(error.originalError) ? positionOf(error.originalError) : {};
  if (inner.line !== undefined) return inner;
  const token = (error as LiquidError).token as LiquidError['token'] | undefined;
  const [line, column] = token?.getPosition() ?? [];
  return line === undefined || column === undefined ? {} : { line, column };
}
