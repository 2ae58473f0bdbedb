/** A reader of the simulation: it opens its configuration over a connection that can be cut, and looks at all it is told. */
import { type Clock, createLog, OperatingError, type Random } from '@plumb/base';
import { type Caller, type Channel, createChannelPair, type Dispatcher, openConnection } from '@plumb/rpc';
import { Secret } from '@plumb/vault';
import type { ConfigObject, ConfigValue } from '../src/index.ts';
import { type Config, openConfig } from '../src/index.ts';

/** Two keys that are only ever changed together, in one layer: a reader that sees them differ sees half a revision. */
export const PAIR = ['pair.left', 'pair.right'] as const;
const LISTENED = ['', 'pair', 'pair.left', 'deep', 'deep.a', 'deep.c.d', 'title', 'secret'];

export type SubscriberOptions = {
  readonly name: string;
  readonly caller: Caller;
  readonly environment: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly random: Random;
  readonly fault: (text: string) => void;
  readonly count: (what: string) => void;
};

type Told = { readonly revision: number; readonly text: string };

export class Subscriber {
  readonly options: SubscriberOptions;
  /** No connection can be made. */
  isAway = false;
  #config: Config | undefined;
  #closeConnection: () => void = () => undefined;
  #cut: () => void = () => undefined;
  #lastRevision = 0;
  readonly #told = new Map<string, Told>();
  readonly #secretNumbers = new Map<unknown, number>();

  constructor(options: SubscriberOptions) {
    this.options = options;
  }

  get config(): Config | undefined {
    return this.#config;
  }

  async open(): Promise<void> {
    const { environment, clock, random, count, fault, name } = this.options;
    const log = createLog((level, event) => {
      if (level !== 'debug') count(`log: ${event}`);
      if (event === 'config.listener-failed') fault(`${name}: a listener failed`);
    });
    const connection = openConnection({ open: () => this.#connect(), clock, random, log });
    this.#closeConnection = connection.close;
    const config = await openConfig({ environment, connection, clock, random, log });
    this.#config = config;
    this.#lastRevision = config.revision;
    this.#told.clear();
    for (const path of LISTENED) {
      this.#told.set(path, { revision: -1, text: this.#show(config.get(path)) });
      config.subscribe(path, (value, snapshot) => {
        this.#listen(path, { revision: snapshot.revision, text: this.#show(value) });
        this.checkPair(snapshot.get('pair'), 'a listener');
      });
    }
  }

  /** The connection is lost; another can be made, unless it is away. */
  cut(): void {
    this.#cut();
  }

  async close(): Promise<void> {
    await this.#config?.[Symbol.asyncDispose]();
    this.#config = undefined;
    this.#closeConnection();
  }

  checkPair(pair: unknown = this.#config?.get('pair'), who = 'a reader'): void {
    const { left, right } = (pair ?? {}) as { left?: unknown; right?: unknown };
    if (left !== right) this.options.fault(`${this.options.name}: ${who} saw half a revision: ${JSON.stringify(pair)}`);
  }

  /** What is there is what the store says, and what was told last; secrets by whether they are for this reader. */
  checkEnd({ revision, values }: { readonly revision: number; readonly values: ConfigObject }): void {
    const { name, fault } = this.options;
    const config = this.#config;
    if (config === undefined) return;
    const own = sortedText(flatten(config));
    const wanted = sortedText(Object.entries(values).map(([key, value]) => [key, mark(value)]));
    if (own !== wanted) fault(`${name} has ${own}, and the store ${wanted}`);
    // A change that is not in force where the reader is, is not told to it.
    if (config.revision > revision) fault(`${name} is at ${config.revision}, and the store at ${revision}`);
    for (const [path, { text }] of this.#told) {
      const now = this.#show(config.get(path));
      if (now !== text) fault(`${name} was told ${text} of "${path}" last, and ${now} is there`);
    }
  }

  #listen(path: string, told: Told): void {
    const { name, fault, count } = this.options;
    const before = this.#told.get(path);
    this.#told.set(path, told);
    count(path === '' ? 'change sets' : 'told');
    if (before?.text === told.text) fault(`${name} was told of "${path}", which is ${told.text} as before`);
    if (before?.revision === told.revision) fault(`${name} was told twice of "${path}" at ${told.revision}`);
    if (told.revision < this.#lastRevision) fault(`${name} went back from ${this.#lastRevision} to ${told.revision}`);
    this.#lastRevision = told.revision;
  }

  /** As text, in which two secrets are the same if they are one object. */
  #show(value: ConfigValue | undefined): string {
    const secretOf = (secret: unknown): number => {
      const known = this.#secretNumbers.get(secret) ?? this.#secretNumbers.size + 1;
      this.#secretNumbers.set(secret, known);
      return known;
    };
    const show = (one: unknown): unknown => {
      if (one instanceof Secret) return `secret ${secretOf(one)}`;
      if (typeof one !== 'object' || one === null || Array.isArray(one)) return one;
      return Object.fromEntries(Object.entries(one).map(([key, inner]) => [key, show(inner)]));
    };
    return JSON.stringify(show(value)) ?? 'nothing';
  }

  #connect(): Promise<Channel> {
    if (this.isAway) throw new OperatingError('unavailable', 'nobody listens');
    const [near, far] = createChannelPair();
    this.#cut = () => far.close();
    this.options.dispatcher.accept(far, this.options.caller);
    return Promise.resolve(near);
  }
}

function flatten(config: Config): [string, ConfigValue][] {
  return Object.entries(config.snapshot().values).map(([path, value]) => {
    if (!((value as unknown) instanceof Secret)) return [path, value];
    try {
      config.secret(path);
      return [path, 'a secret'];
    } catch {
      return [path, 'a secret for others'];
    }
  });
}

function sortedText(entries: readonly [key: string, value: ConfigValue][]): string {
  return JSON.stringify(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function mark(value: ConfigValue): ConfigValue {
  if (typeof value !== 'object' || value === null || !('$sealed' in value)) return value;
  return value['$sealed'] === '' ? 'a secret for others' : 'a secret';
}
