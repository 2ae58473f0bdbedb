/** One GET of a target's metrics. */
import http from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { OperatingError } from '@plumb/base';
import type { ExpositionFormat } from './exposition.ts';

/** Bytes of an exposition, unpacked: about 100,000 samples with long labels. */
export const BODY_SIZE_BYTES_MAX = 16 * 2 ** 20;

export type Exposition = { readonly text: string; readonly format: ExpositionFormat };

const HEADERS = {
  accept: 'text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1',
  'accept-encoding': 'gzip',
  'user-agent': 'plumb',
};

/**
 * Redirects are not followed: a target is the address that the dictionary names, not one that it chooses itself.
 * @throws OperatingError `unavailable` when there is no answer of 200 before `signal` aborts; `exhausted` for a body that is
 * too large; `invalid` for one that is not UTF-8 text.
 */
export async function fetchExposition(
  url: string,
  { signal, agent }: { readonly signal: AbortSignal; readonly agent: http.Agent },
): Promise<Exposition> {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  http.get(url, { agent, headers: HEADERS, signal }, resolve).on('error', reject);
  try {
    const response = await promise;
    if (response.statusCode !== 200) {
      response.resume();
      throw new OperatingError('unavailable', `${url} answered ${response.statusCode}, not 200`);
    }
    const isOpenMetrics = response.headers['content-type']?.startsWith('application/openmetrics-text') === true;
    const body = await readBody(response, response.headers['content-encoding']);
    return { text: decodeText(body, url), format: isOpenMetrics ? 'openmetrics' : 'text' };
  } catch (error) {
    if (error instanceof OperatingError) throw error;
    const isLate = signal.aborted;
    const reason = isLate ? 'did not answer in time' : `did not answer: ${String((error as Error).message)}`;
    throw new OperatingError('unavailable', `${url} ${reason}`, { cause: error });
  }
}

async function readBody(response: http.IncomingMessage, encoding: string | undefined): Promise<Buffer> {
  // The limit holds for what comes out of the unpacking: a small body can be a bomb.
  const stream: Readable = encoding === 'gzip' ? response.pipe(createGunzip()) : response;
  response.once('error', (error) => stream.destroy(error));
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of stream) {
    sizeBytes += (part as Buffer).length;
    if (sizeBytes > BODY_SIZE_BYTES_MAX) {
      response.destroy();
      throw new OperatingError(
        'exhausted',
        `the metrics are larger than ${BODY_SIZE_BYTES_MAX} bytes: expose fewer series`,
      );
    }
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
}

function decodeText(body: Buffer, url: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (error) {
    throw new OperatingError('invalid', `${url} does not answer with UTF-8 text`, { cause: error });
  }
}
