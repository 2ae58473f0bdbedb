/** What a dispatcher can call, by `service.method`: a Map, so that nothing inherited is ever a method. */
import { assert, nearestWord, OperatingError } from '@plumb/base';
import type { Call, Contract, Handlers, Method } from './contract.ts';

/** Names in the hint of one error. */
const HINT_NAMES_MAX = 30;
/** How deep objects may nest in a plain object that is offered: a guard against cycles. */
const OBJECT_DEPTH_MAX = 8;

export type TableEntry = {
  readonly name: string;
  /** Absent for a method of a plain object: nothing is checked then. */
  readonly method: Method | undefined;
  readonly scope: string | undefined;
  readonly run: (input: unknown, call: Call) => unknown;
};

export class MethodTable {
  readonly #entries = new Map<string, TableEntry>();
  readonly #services = new Set<string>();

  add<C extends Contract>(service: string, contract: C, handlers: Handlers<C>): void {
    this.#claim(service);
    for (const [verb, method] of Object.entries(contract)) {
      const run = handlers[verb] as TableEntry['run'] | undefined;
      assert(typeof run === 'function', `every method of a contract has a handler: ${service}.${verb}`);
      this.#put({ name: `${service}.${verb}`, method, scope: method.scope, run: (input, call) => run(input, call) });
    }
  }

  addObject(service: string, object: object, scope: string | undefined): void {
    this.#claim(service);
    this.#addMembers(service, object, scope, 0);
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

  #addMembers(prefix: string, object: object, scope: string | undefined, depth: number): void {
    assert(depth <= OBJECT_DEPTH_MAX, `objects nest at most ${OBJECT_DEPTH_MAX} deep in an offered object: ${prefix}`);
    for (const [key, { value, enumerable }] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
      if (enumerable !== true || key.startsWith('_') || key.includes('.')) continue;
      const name = `${prefix}.${key}`;
      if (typeof value === 'function') {
        const run = (input: unknown): unknown => Reflect.apply(value, object, argumentsOf(input));
        this.#put({ name, method: undefined, scope, run });
      } else if (isPlainObject(value)) {
        this.#addMembers(name, value, scope, depth + 1);
      }
    }
  }

  #put(entry: TableEntry): void {
    this.#entries.set(entry.name, entry);
  }
}

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
