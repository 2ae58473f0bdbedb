/** Configuration as a template names it: a tree of plain values, with secrets that are opened when they are written. */
import { OperatingError } from '@plumb/base';
import type { ConfigValue } from './feed.ts';
import { isSealedValue } from './feed.ts';
import type { TemplateValues } from './template.ts';

export type Scope = {
  readonly root: object;
  /** Every name that a template can write. */
  readonly paths: ReadonlySet<string>;
  /** The values that were read so far. */
  readonly read: ReadonlySet<string>;
  /** The secrets that were opened so far. */
  readonly opened: ReadonlySet<string>;
};

type Branch = { [name: string]: unknown };

export function buildScope({ values, open }: TemplateValues): Scope {
  const root = createBranch();
  const paths = new Set<string>();
  const opened = new Set<string>();
  for (const [path, value] of values) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let branch = root;
    names.forEach((name, i) => {
      paths.add(names.slice(0, i + 1).join('.'));
      branch = (branch[name] ??= createBranch()) as Branch;
    });
    paths.add(path);
    branch[last] = isSealedValue(value)
      ? closedSecret(path, async () => {
          opened.add(path);
          return plain(await open(path, value));
        })
      : plain(value);
  }
  const read = new Set<string>();
  return { root: noting(root, '', { leaves: new Set(values.keys()), read }), paths, read, opened };
}

/** The same object, which notes what is read of it. */
function noting(
  branch: Branch,
  prefix: string,
  notes: { readonly leaves: ReadonlySet<string>; readonly read: Set<string> },
): object {
  for (const [name, inner] of Object.entries(branch)) {
    const path = prefix + name;
    if (!notes.leaves.has(path)) branch[name] = noting(inner as Branch, `${path}.`, notes);
  }
  return new Proxy(branch, {
    // LiquidJS counts names where `size` is asked for, also of what is around the root: a count is not what was configured.
    has: (target, name) => name === SIZE || Object.hasOwn(target, name),
    get(target, name) {
      const path = prefix + String(name);
      if (notes.leaves.has(path)) notes.read.add(path);
      if (name === SIZE && !Object.hasOwn(target, name)) throw new NotConfigured(path);
      return target[name as string];
    },
  });
}

const SIZE = 'size';

/** With the name that LiquidJS gives its own, so that `if` and `default` take it as missing. */
class NotConfigured extends Error {
  override readonly name = 'InternalUndefinedVariableError';
  readonly variableName: string;

  constructor(path: string) {
    super(`undefined variable: ${path}`);
    this.variableName = path;
  }
}

/**
 * LiquidJS calls a function where its value is wanted. Whatever else turns it into text, such as `json` of the object
 * around it, is refused: the text would be its code.
 */
function closedSecret(path: string, open: () => Promise<unknown>): () => Promise<unknown> {
  let opening: Promise<unknown> | undefined;
  const refuse = (): never => {
    throw new OperatingError('invalid', `${path} is a secret: write it by its own name, not with what is around it`);
  };
  return Object.assign(() => (opening ??= open()), { toString: refuse, toJSON: refuse });
}

/** Without prototypes, so that only what is configured can be named. */
function plain(value: ConfigValue): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return (value as readonly ConfigValue[]).map(plain);
  const branch = createBranch();
  for (const [name, inner] of Object.entries(value)) branch[name] = plain(inner);
  return branch;
}

function createBranch(): Branch {
  return Object.create(null) as Branch;
}
