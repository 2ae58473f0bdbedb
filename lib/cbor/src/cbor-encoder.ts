import { CborWriter } from './cbor-writer.ts';

/** A value that takes more is not for keeping or sending in one piece: eight of the greatest messages of RPC. */
const VALUE_BYTES_MAX = 64 * 2 ** 20;

/** Encodes one value after another. Not reentrant: use one for each owner. */
export class CborEncoder {
  readonly #writer = new CborWriter(VALUE_BYTES_MAX);

  /**
   * The bytes belong to the caller. Small values share a buffer, as those of `Buffer.from` do.
   * @throws OperatingError `invalid` where a value has no plain form, with its path; `exhausted` above 64 MiB.
   */
  encode(value: unknown): Buffer {
    this.#writer.write(value);
    return this.#writer.out.take();
  }
}
