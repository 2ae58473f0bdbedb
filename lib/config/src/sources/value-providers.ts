/**
 * Values that a file only names the way to, as in C5Store. A map with the name `.provider` is cut out of what the files
 * say, and given to the provider of that name, which says what stands there instead:
 *
 *     database:
 *       password: { .provider: file, path: database-password, format: raw }
 *
 * The files are merged first, so one can say the provider and another its options. What a provider says replaces what it
 * said: a name that it leaves out is gone.
 */
import { nearestWord, OperatingError } from '@plumb/base';
import { escapeName, isAtOrUnder, namesOf, parentOf } from '../config-path.ts';
import type { ConfigSource, Origin, SourceContext, SourceLayer, SourceValue } from '../config-source.ts';
import { type ConfigObject, flatten, objectOf, valueFault } from '../config-values.ts';
import type { ConfigValue } from '../feed.ts';
import { LayeredValues } from '../layered-values.ts';
import { LOAD_TIMEOUT_MS, RepeatedLoad } from './repeated-load.ts';
import { wholeLayers } from './whole-layers.ts';

export type ValueProvider = {
  /** What stands at `path`; undefined for nothing. `signal` aborts at the time-out. */
  readonly load: (request: ProviderRequest) => Promise<ConfigValue | undefined>;
  /** Between two loads, on average; 0, or left out: none after the first that succeeds. */
  readonly everyMs?: number | undefined;
  readonly timeoutMs?: number | undefined;
};

export type ProviderRequest = {
  /** The dotted path of the mark. */
  readonly path: string;
  /** What stands beside `.provider`. */
  readonly options: ConfigObject;
  readonly signal: AbortSignal;
};

/** Where a provider is named, and with which options. */
type Mark = {
  readonly path: string;
  readonly name: string;
  readonly options: ConfigObject;
  readonly origin: Origin;
};

/** `sources` without the marks in them, and after them what the providers say there. */
export function withProviders(
  sources: readonly ConfigSource[],
  providers: Readonly<Record<string, ValueProvider>>,
): readonly ConfigSource[] {
  const marks = new Marks(sources.length);
  const wrapped = sources.map((source, index): ConfigSource => ({
    name: source.name,
    open: (context) => marks.opened(index, source.open(marks.contextOf(index, context))),
  }));
  const last: ConfigSource = {
    name: 'providers',
    async open(context) {
      const runs = new ProviderRuns(providers, context);
      await marks.whenOpen;
      marks.onChange = (next) => void runs.follow(next);
      await runs.follow(marks.present);
    },
  };
  return [...wrapped, last];
}

/** What the sources say, and the marks in it. */
class Marks {
  onChange: (marks: readonly Mark[]) => void = () => undefined;
  readonly whenOpen: Promise<void>;
  readonly #isOpen = Promise.withResolvers<void>();
  readonly #layers: (SourceLayer | undefined)[];
  readonly #publish: ((layer: SourceLayer) => void)[] = [];
  #waitingCount: number;
  #present: readonly Mark[] = [];

  constructor(sourceCount: number) {
    this.#layers = Array.from({ length: sourceCount }, () => undefined);
    this.#waitingCount = sourceCount;
    this.whenOpen = this.#isOpen.promise;
    if (sourceCount === 0) this.#isOpen.resolve();
  }

  get present(): readonly Mark[] {
    return this.#present;
  }

  /** Counts a source that has opened, or failed to. */
  async opened(index: number, opening: Promise<void>): Promise<void> {
    try {
      await opening;
    } finally {
      this.#layers[index] ??= { values: new Map() };
      this.#waitingCount -= 1;
      if (this.#waitingCount === 0) this.#isOpen.resolve();
    }
  }

  contextOf(index: number, context: SourceContext): SourceContext {
    this.#publish[index] = context.publish;
    return wholeLayers(context, (layer) => this.#take(index, layer));
  }

  #take(index: number, layer: SourceLayer): void {
    this.#layers[index] = layer;
    const before = this.#present.map(({ path }) => path).join();
    this.#present = findMarks(this.#layers);
    const isOnlyThis = before === this.#present.map(({ path }) => path).join();
    // A mark in one cuts out what another says below it.
    for (const [i, one] of this.#layers.entries()) {
      if (one !== undefined && (i === index || !isOnlyThis)) this.#publish[i]?.(withoutMarks(one, this.#present));
    }
    this.onChange(this.#present);
  }
}

const MARK = '.provider';

function findMarks(layers: readonly (SourceLayer | undefined)[]): Mark[] {
  // Most files have none.
  if (!layers.some((layer) => layer?.values.keys().some((path) => path.endsWith(`.${escapeName(MARK)}`)))) return [];
  const merged = new LayeredValues();
  merged.apply(new Map(layers.map((layer, index) => [index, layer?.values ?? new Map()])));
  const leaves = [...merged.inForce].flatMap(([path, entry]) =>
    entry.kind === 'leaf' ? [[path, entry.said] as const] : [],
  );
  const marked = leaves.filter(([path]) => parentOf(path) !== '' && namesOf(path).at(-1) === MARK);
  return marked.flatMap(([path, { value, origin }]) => {
    const at = parentOf(path);
    // One within another is of its options.
    if (marked.some(([other]) => other !== path && isAtOrUnder(at, parentOf(other)))) return [];
    const beside = leaves.filter(([other]) => other !== path && isAtOrUnder(other, at));
    const options = beside.map(([other, said]) => [namesOf(other.slice(at.length + 1)), said.value] as const);
    return {
      path: at,
      name: typeof value === 'string' ? value : JSON.stringify(value),
      options: objectOf(options),
      origin,
    };
  });
}

function withoutMarks(layer: SourceLayer, marks: readonly Mark[]): SourceLayer {
  const values = [...layer.values].filter(([path]) => !marks.some((mark) => isAtOrUnder(path, mark.path)));
  return { ...layer, values: new Map(values) };
}

/** The providers that are asked, one for each mark. */
class ProviderRuns {
  readonly #providers: Readonly<Record<string, ValueProvider>>;
  readonly #context: SourceContext;
  readonly #runs = new Map<string, Run>();

  constructor(providers: Readonly<Record<string, ValueProvider>>, context: SourceContext) {
    this.#providers = providers;
    this.#context = context;
  }

  /** Asks for what is marked from now on; resolves when each that is asked for the first time has answered, or not. */
  async follow(marks: readonly Mark[]): Promise<void> {
    const wanted = new Map(marks.map((mark) => [JSON.stringify([mark.path, mark.name, mark.options]), mark]));
    const last = new Map<string, Run['values']>();
    for (const [key, run] of this.#runs) {
      if (wanted.has(key)) continue;
      run.stop.abort();
      this.#runs.delete(key);
      last.set(run.path, run.values);
    }
    const added = [...wanted].filter(([key]) => !this.#runs.has(key));
    await Promise.all(added.map(([key, mark]) => this.#start(key, mark, last.get(mark.path))));
    this.#tell();
  }

  /** `last` is what was said there with other options: it stays until there is an answer. */
  async #start(key: string, mark: Mark, last: Run['values'] = new Map()): Promise<void> {
    const run: Run = { path: mark.path, stop: new AbortController(), values: last, trouble: undefined };
    this.#runs.set(key, run);
    const [found, source] = [this.#find(mark), `provider ${mark.name}`];
    if (typeof found === 'string') {
      run.trouble = found;
      return;
    }
    const { clock, random, signal } = this.#context;
    const { load, everyMs = 0, timeoutMs = LOAD_TIMEOUT_MS } = found;
    const { path, options, origin } = mark;
    let isFirst = true;
    await new RepeatedLoad({
      load: async (until) => placedAt(path, await load({ path, options, signal: until }), { ...origin, source }),
      everyMs,
      timeoutMs,
      onValue: (values) => (run.values = values),
      onTrouble: (trouble) => {
        run.trouble = trouble === undefined ? undefined : `${source} for "${path}": ${trouble}`;
        if (!isFirst) this.#tell();
      },
      clock,
      random,
      signal: AbortSignal.any([signal, run.stop.signal]),
    }).start();
    isFirst = false;
  }

  #find({ path, name, origin }: Mark): ValueProvider | string {
    const found = Object.hasOwn(this.#providers, name) ? this.#providers[name] : undefined;
    if (found !== undefined) return found;
    const known = Object.keys(this.#providers);
    const nearest = nearestWord(name, known);
    const hint = nearest === undefined ? `there are: ${known.join(', ') || 'none'}` : `did you mean "${nearest}"?`;
    const at = origin.file === undefined ? '' : ` in ${origin.file}:${origin.line}:${origin.column}`;
    return `there is no provider "${name}" for "${path}"${at}; ${hint}`;
  }

  /** What all say at present. */
  #tell(): void {
    const { publish, warn, settle, signal } = this.#context;
    if (signal.aborted) return;
    const runs = [...this.#runs.values()];
    publish({ values: new Map(runs.flatMap((run) => [...run.values])) });
    const troubles = runs.flatMap(({ trouble }) => trouble ?? []);
    if (troubles.length === 0) settle();
    else warn(new OperatingError('unavailable', troubles.join('; ')));
  }
}

type Run = {
  readonly path: string;
  readonly stop: AbortController;
  values: ReadonlyMap<string, SourceValue>;
  trouble: string | undefined;
};

function placedAt(path: string, value: ConfigValue | undefined, origin: Origin): ReadonlyMap<string, SourceValue> {
  if (value === undefined) return new Map();
  const fault = valueFault(value);
  if (fault !== undefined) throw new OperatingError('invalid', `what it gave is no configuration: ${fault}`);
  return new Map([...flatten([[path, value]])].map(([at, one]) => [at, { value: one, origin }]));
}
