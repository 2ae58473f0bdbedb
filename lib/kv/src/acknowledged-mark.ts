/**
 * The number of the last batch that was acknowledged, in a small file beside the store. RocksDB opens a damaged
 * write-ahead log up to the damage and says nothing; a store whose last batch is below this number lost acknowledged
 * writes, and must not go on as if nothing were.
 *
 * The file is written after each sync and left to the kernel, so it survives a killed process exactly and may be some
 * seconds old after a power loss: it can miss a loss then, and never reports one that is none.
 */
import fs from 'node:fs/promises';
import { crc32 } from 'node:zlib';

/** A u64 LE and the CRC-32 of its bytes, within one sector. */
const MARK_SIZE_BYTES = 12;

export class AcknowledgedMark implements AsyncDisposable {
  readonly #handle: fs.FileHandle;
  #wanted = 0;
  #running: Promise<void> | undefined;

  private constructor(handle: fs.FileHandle) {
    this.#handle = handle;
  }

  static async open(file: string): Promise<AcknowledgedMark> {
    return new AcknowledgedMark(await fs.open(file, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600));
  }

  /** 0 when there is none, or a power loss tore it. */
  async read(): Promise<number> {
    const bytes = Buffer.alloc(MARK_SIZE_BYTES);
    const { bytesRead } = await this.#handle.read(bytes, 0, MARK_SIZE_BYTES, 0);
    const isWhole = bytesRead === MARK_SIZE_BYTES && bytes.readUInt32LE(8) === crc32(bytes.subarray(0, 8));
    return isWhole ? Number(bytes.readBigUInt64LE()) : 0;
  }

  /** Returns at once; the last number wins. A disk that refuses costs the protection, not the store. */
  write(batchNumber: number): void {
    this.#wanted = batchNumber;
    this.#running ??= this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running;
    await this.#handle.close();
  }

  async #run(): Promise<void> {
    for (let written = -1; written !== this.#wanted;) {
      written = this.#wanted;
      const bytes = Buffer.alloc(MARK_SIZE_BYTES);
      bytes.writeBigUInt64LE(BigInt(written));
      bytes.writeUInt32LE(crc32(bytes.subarray(0, 8)), 8);
      await this.#handle.write(bytes, 0, MARK_SIZE_BYTES, 0).catch(() => undefined);
    }
    this.#running = undefined;
  }
}
