/** What a dispatcher can call, by `service.method`: a Map, so that nothing inherited is ever a method. */
import { assert, nearestWord, OperatingError } from '@plumb/base';
import type { Call, CallObserver, Contract, Handlers, Method } from './contract.ts';
import { type Fits, fitsSchema } from './fits-schema.ts';
import { MethodCounters, type MethodStats, UNKNOWN_METHOD } from './method-stats.ts';
import { type Policy, scopePolicy } from './policy.ts';

/** Names in the hint of one error. */
const HINT_NAMES_MAX = 30;
/** How deep objects may nest in a plain object that is offered: a guard against cycles. */
const OBJECT_DEPTH_MAX = 8;

/** What a method of a plain object takes and answers. */
const UNCHECKED = { fitsInput: () => true, fitsOutput: () => true };

export type TableEntry = {
  readonly name: string;
  /** Absent for a method of a plain object: nothing is checked then. */
  readonly method: Method | undefined;
  /** Whether the contract takes the value as it is; where not, it is parsed. */
  readonly fitsInput: Fits;
  readonly fitsOutput: Fits;
  readonly scope: string | undefined;
  readonly summary: string | undefined;
  /** What is offered. For a method with a contract, its handler. */
  readonly offered: Function;
  readonly run: (input: unknown, call: Call) => unknown;
  readonly counters: MethodCounters;
};

export type ObjectOptions = {
  /** What callers of every function must hold. Absent: any authenticated caller. */
  readonly scope?: string | undefined;
  /** One line for people for each function, by its name: `add`, or `nested.add`. */
  readonly summaries?: Readonly<Record<string, string>> | undefined;
};

export class MethodTable {
  readonly policy: Policy;
  readonly #observe: CallObserver | undefined;
  readonly #entries = new Map<string, TableEntry>();
  readonly #services = new Set<string>();
  readonly #unknown = new MethodCounters();

  constructor({
    policy = scopePolicy,
    observe,
  }: { readonly policy?: Policy | undefined; readonly observe?: CallObserver | undefined } = {}) {
    this.policy = policy;
    this.#observe = observe;
  }

  add<C extends Contract>(service: string, contract: C, handlers: Handlers<C>): void {
    this.#claim(service);
    for (const [verb, method] of Object.entries(contract)) {
      const run = handlers[verb] as TableEntry['run'] | undefined;
      assert(typeof run === 'function', `every method of a contract has a handler: ${service}.${verb}`);
      const { scope, summary } = method;
      this.#put({
        name: `${service}.${verb}`,
        method,
        fitsInput: fitsSchema(method.input),
        fitsOutput: fitsSchema(method.output),
        scope,
        summary,
        offered: run,
        run: (input, call) => run(input, call),
      });
    }
  }

  addObject(service: string, object: object, { scope, summaries = {} }: ObjectOptions): void {
    this.#claim(service);
    this.#addMembers(service, object, { scope, summaries: new Map(Object.entries(summaries)), depth: 0 });
    for (const name of Object.keys(summaries))
      assert(this.#entries.has(`${service}.${name}`), `a summary is of a function of ${service}: "${name}"`);
  }

  /** What is counted of a method; of all that there are not, together. */
  counters(name: string): MethodCounters {
    return this.#entries.get(name)?.counters ?? this.#unknown;
  }

  /** Of each method, sorted by name, and of the calls to methods that there are not. */
  stats(): MethodStats[] {
    const known = this.entries().map(({ name, counters }) => counters.read(name));
    return [...known, this.#unknown.read(UNKNOWN_METHOD)];
  }

  /** Sorted by name. */
  entries(): TableEntry[] {
    return this.names().flatMap((name) => this.#entries.get(name) ?? []);
  }

  /** @throws OperatingError `not-found`, with the nearest name where one is near. */
  requireService(name: string): void {
    if (this.#services.has(name)) return;
    const services = [...this.#services].toSorted();
    const nearest = nearestWord(name, services);
    const hint =
      nearest === undefined
        ? `the services are ${services.slice(0, HINT_NAMES_MAX).join(', ')}`
        : `did you mean "${nearest}"?`;
    throw new OperatingError('not-found', `there is no service "${name}": ${hint}`, {
      details: nearest === undefined ? { service: name } : { service: name, nearest },
    });
  }

  /** @throws OperatingError `not-found`, with the nearest name where one is near. */
  require(name: string): TableEntry {
    const entry = this.#entries.get(name);
    if (entry !== undefined) return entry;
    const nearest = nearestWord(name, [...this.#entries.keys()]);
    throw new OperatingError('not-found', `there is no method "${name}": ${this.#hint(name, nearest)}`, {
      details: nearest === undefined ? { method: name } : { method: name, nearest },
    });
  }

  #hint(name: string, nearest: string | undefined): string {
    if (nearest !== undefined) return `did you mean "${nearest}"?`;
    const [service = ''] = name.split('.');
    const methods = this.names().filter((one) => one.startsWith(`${service}.`));
    if (methods.length === 0)
      return `the services are ${[...this.#services].toSorted().slice(0, HINT_NAMES_MAX).join(', ')}`;
    return `${service} has ${methods
      .slice(0, HINT_NAMES_MAX)
      .map((one) => one.slice(service.length + 1))
      .join(', ')}`;
  }

  names(): string[] {
    return [...this.#entries.keys()].toSorted();
  }

  #claim(service: string): void {
    assert(/^[a-z][a-z0-9-]*$/i.test(service), `a service has a plain name: "${service}"`);
    assert(!this.#services.has(service), `a service is added once: "${service}"`);
    this.#services.add(service);
  }

  #addMembers(prefix: string, object: object, options: MemberOptions): void {
    const { scope, summaries, depth } = options;
    assert(depth <= OBJECT_DEPTH_MAX, `objects nest at most ${OBJECT_DEPTH_MAX} deep in an offered object: ${prefix}`);
    for (const [key, { value, enumerable }] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
      if (enumerable !== true || key.startsWith('_') || key.includes('.')) continue;
      const name = `${prefix}.${key}`;
      if (typeof value === 'function') {
        const run = (input: unknown): unknown => Reflect.apply(value, object, argumentsOf(input));
        const summary = summaries.get(name.slice(name.indexOf('.') + 1));
        this.#put({ name, method: undefined, ...UNCHECKED, scope, summary, offered: value, run });
      } else if (isPlainObject(value)) {
        this.#addMembers(name, value, { ...options, depth: depth + 1 });
      }
    }
  }

  #put(entry: Omit<TableEntry, 'counters'>): void {
    const run = observed(entry, this.#observe);
    this.#entries.set(entry.name, { ...entry, run, counters: new MethodCounters() });
  }
}

/** Costs nothing where nobody observes. */
function observed(
  { name, run }: Pick<TableEntry, 'name' | 'run'>,
  observe: CallObserver | undefined,
): TableEntry['run'] {
  if (observe === undefined) return run;
  return (input, call) => {
    observe(call.caller, name);
    return run(input, call);
  };
}

type MemberOptions = {
  readonly scope: string | undefined;
  readonly summaries: ReadonlyMap<string, string>;
  readonly depth: number;
};

/** The client sends the list of arguments; a door that has one value (HTTP, the command line) may send it bare. */
function argumentsOf(input: unknown): readonly unknown[] {
  if (input === undefined) return [];
  return Array.isArray(input) ? input : [input];
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
