/**
 * The last values that the store sent, kept in a file for a start without it. It is encrypted to the application's own age
 * identity and written as a whole or not at all, mode 0600. Only the same application at the same place uses it: whatever
 * else is found there is named, and ignored.
 */
import { type Clock, createRepeater, describeError, type Log, OperatingError, sleep } from '@plumb/base';
import { recipientOf } from '@plumb/vault';
import { decryptFile, encryptFile } from '@plumb/vault/node';
import fs from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import type { ConfigObject } from './config-values.ts';
import { type ConfigValue, type Coordinates, coordinatesSchema } from './feed.ts';

/** Changes that come faster than this are kept together: a kill loses no more than these last ones. */
const SAVE_EVERY_MS = 1_000;
/** Ten thousand keys of 6 KiB: with more the application starts with the store only. */
const COPY_BYTES_MAX = 64 * 1_024 * 1_024;

export type CopiedValues = {
  readonly revision: number;
  /** As they were sent: what was sealed is sealed. */
  readonly values: ReadonlyMap<string, ConfigValue>;
  /** Epoch ms. */
  readonly savedAt: number;
};

/** Undefined where what there is just now is not to be kept. */
type LatestValues = () => Omit<CopiedValues, 'savedAt'> | undefined;

/** Whose values they are. */
export type CopyOwner = { readonly application: string; readonly coordinates: Coordinates };

export type LocalCopyOptions = CopyOwner & {
  readonly file: string;
  /** The first one's recipient is whom it is written for; any of them opens it. */
  readonly identities: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
};

const contentsSchema = v.object({
  v: v.literal(1),
  application: v.string(),
  coordinates: coordinatesSchema,
  revision: v.number(),
  savedAt: v.number(),
  /** Not looked at one by one: they were when they came from the server. */
  values: v.custom<ConfigObject>((values) => typeof values === 'object' && values !== null && !Array.isArray(values)),
});
type Contents = v.InferOutput<typeof contentsSchema>;

export class LocalCopy {
  readonly #options: LocalCopyOptions;
  readonly #closing = new AbortController();
  readonly #saver = createRepeater(() => this.#saveLatest());
  #latest: LatestValues | undefined;
  #hasFailed = false;

  constructor(options: LocalCopyOptions) {
    this.#options = options;
  }

  get file(): string {
    return this.#options.file;
  }

  /** Undefined where there is none. @throws OperatingError with the file and why it cannot be used. */
  async read(): Promise<CopiedValues | undefined> {
    const { file, identities } = this.#options;
    const bytes = await decryptFile(file, { identities, sizeBytesMax: COPY_BYTES_MAX }).catch((error: unknown) => {
      if (error instanceof OperatingError && error.code === 'not-found') return undefined;
      throw error;
    });
    if (bytes === undefined) return undefined;
    const { revision, savedAt, values } = parseContents(bytes, this.#options);
    return { revision, savedAt, values: new Map(Object.entries(values)) };
  }

  /** Keeps what `latest` gives by then: at once, or a second after the last time. Failures are logged. */
  save(latest: LatestValues): void {
    this.#latest = latest;
    this.#saver.request();
  }

  /** Keeps what is not kept yet. Never rejects. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#saver.whenIdle();
  }

  async #saveLatest(): Promise<void> {
    const { clock, log, file } = this.#options;
    try {
      await this.#write();
      if (this.#hasFailed) log.info('config.copy-saved', { file });
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) log.warn('config.copy-failed', { file, error: describeError(error) });
      this.#hasFailed = true;
    }
    await sleep(clock, SAVE_EVERY_MS, this.#closing.signal);
  }

  async #write(): Promise<void> {
    const { application, coordinates, file, identities, clock } = this.#options;
    const [identity] = identities;
    const latest = this.#latest?.();
    if (identity === undefined || latest === undefined) return;
    const { revision, values } = latest;
    const savedAt = clock.now();
    const contents: Contents = {
      v: 1,
      application,
      coordinates,
      revision,
      savedAt,
      values: Object.fromEntries(values),
    };
    const bytes = new TextEncoder().encode(JSON.stringify(contents));
    if (bytes.length > COPY_BYTES_MAX) {
      const sizes = `${bytes.length} bytes, more than ${COPY_BYTES_MAX}`;
      throw new OperatingError('exhausted', `the copy of the configuration would have ${sizes}: keep data elsewhere`);
    }
    await fs.mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await encryptFile(file, bytes, { recipients: [await recipientOf(identity)] });
  }
}

function parseContents(bytes: Uint8Array, { file, application, coordinates }: LocalCopyOptions): Contents {
  const contents = v.safeParse(contentsSchema, parseJson(bytes));
  if (!contents.success) throw new OperatingError('invalid', `${file} holds no copy of a configuration of version 1`);
  const [own, other] = [show({ application, coordinates }), show(contents.output)];
  if (own === other) return contents.output;
  throw new OperatingError('denied', `${file} is a copy of the configuration of ${other}, not of ${own}`);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // The cause would quote a value.
    return undefined;
  }
}

function show({ application, coordinates }: CopyOwner): string {
  const { environment, releaseEnvironment, region } = coordinates;
  const places = [environment, releaseEnvironment && `release ${releaseEnvironment}`, region && `region ${region}`];
  const place = places.filter((one) => one !== undefined && one !== '').join(', ');
  return place === '' ? application : `${application} (${place})`;
}
