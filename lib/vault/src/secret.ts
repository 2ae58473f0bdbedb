/**
 * A value that is shown to nobody by accident: it prints as `[secret]` wherever values are printed, and only
 * `await secret.reveal()` gives it out. It is opened at the first reveal, not before, so a program that never needs a
 * secret never has it in memory.
 *
 * What would copy it refuses it: `structuredClone`, a message port, CBOR and RPC. This is no protection from code that
 * wants the value: whoever holds a `Secret` can reveal it.
 */
const SHOWN = '[secret]';

/** What util.inspect of Node.js looks for; the registry of symbols makes it harmless in a browser. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

export class Secret<T = unknown> {
  /**
   * A symbol cannot be cloned, so `structuredClone` throws instead of making an empty object. One for each, so that two
   * secrets never compare as equal by their fields: that would hide a change.
   */
  readonly secret: symbol = Symbol(SHOWN);
  readonly #open: () => Promise<T>;
  #opened: Promise<T> | undefined;

  /** `open` is called at the first reveal, and again at the next one when it failed. */
  constructor(open: () => Promise<T>) {
    this.#open = open;
  }

  /** One whose value is known already. */
  static of<T>(value: T): Secret<T> {
    return new Secret(() => Promise.resolve(value));
  }

  /** The value. Callers at the same time share one opening. Rejects as `open` does. */
  reveal(): Promise<T> {
    this.#opened ??= this.#open().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  /** What `read` makes of the value, as a secret too. `read` runs at the first reveal; what it throws must not tell it. */
  map<U>(read: (value: T) => U): Secret<U> {
    return new Secret(async () => read(await this.reveal()));
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [Symbol.toPrimitive](): string {
    return SHOWN;
  }

  [INSPECT](): string {
    return SHOWN;
  }
}
