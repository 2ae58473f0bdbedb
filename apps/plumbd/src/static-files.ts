/** The console's files, read once into memory with their compressed forms: some hundred kilobytes, served without touching the disk. */
import { OperatingError } from '@plumb/base';
import fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';

export type StaticFile = {
  readonly body: Buffer;
  readonly brotli: Buffer | undefined;
  readonly contentType: string;
  /** Its name holds a hash of its content, so it may be kept for ever. */
  readonly isImmutable: boolean;
};

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** Compressing pays from here on: below it the answer fits in one packet anyway. */
const COMPRESS_SIZE_BYTES_MIN = 1_024;

/** All files under `directory` by their URL path, such as `/assets/index-8f2c.js`. @throws OperatingError `not-found`. */
export async function readStaticFiles(directory: string): Promise<ReadonlyMap<string, StaticFile>> {
  const names = await fs.readdir(directory, { recursive: true }).catch((): string[] => []);
  if (!names.includes('index.html')) {
    throw new OperatingError(
      'not-found',
      `the console is not built: ${directory} has no index.html; build it with "npm start"`,
    );
  }
  const files = await Promise.all(
    names.map(async (name) => {
      const contentType = CONTENT_TYPES[path.extname(name)];
      return contentType === undefined
        ? []
        : [[`/${name.split(path.sep).join('/')}`, await readStaticFile(directory, name, contentType)] as const];
    }),
  );
  return new Map(files.flat());
}

async function readStaticFile(directory: string, name: string, contentType: string): Promise<StaticFile> {
  const body = await fs.readFile(path.join(directory, name));
  const brotli =
    body.length < COMPRESS_SIZE_BYTES_MIN
      ? undefined
      : await compress(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
  return { body, brotli, contentType, isImmutable: name.startsWith('assets') };
}

const compress = promisify(brotliCompress);
