import { type Clock, OperatingError } from '@plumb/base';
import type { KeyPair } from '@plumb/zmtp';
import type { Channel } from './channel.ts';
import { openZeromqChannel } from './open-zeromq-channel.ts';
import { parseTarget } from './target.ts';

/** What proves each side to the other. */
export type Credentials = {
  /** The public key that the server must hold, 40 characters of Z85. Needed where the server has keys, so always over TCP. */
  readonly serverKey?: string | undefined;
  /** The caller's own keys; the server has to know the public one. Without them a token says who calls. */
  readonly keys?: KeyPair | undefined;
  /** Over TCP it goes only to a server that holds `serverKey`. */
  readonly token?: string | undefined;
};

/**
 * One connection to an address, whichever services are behind it. A name behind the address is left out of account.
 * @throws OperatingError `unavailable` where nobody answers or the server does not hold `serverKey`, `denied` for a key or
 * token that it does not know, `invalid` for a bad target or key.
 */
export async function openTarget(
  target: string,
  { serverKey, keys, token }: Credentials,
  { clock, signal }: { readonly clock?: Clock | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<Channel> {
  const parsed = parseTarget(target);
  if (parsed.kind === 'registry') {
    throw new OperatingError(
      'invalid',
      `${target} has no address: resolve it first, or give the address of an instance`,
    );
  }
  const { address } = parsed;
  if (serverKey === undefined && keys !== undefined) {
    const advice = 'give the server\'s public key as "serverKey", which proves that it is the right one';
    throw new OperatingError('invalid', `cannot prove a key to ${address}: ${advice}`);
  }
  if (serverKey === undefined && token !== undefined && address.startsWith('tcp:')) {
    const advice = 'give the server\'s public key as "serverKey", so that nobody else can read it';
    throw new OperatingError('invalid', `the token is not shown to ${address}: ${advice}`);
  }
  const curve = serverKey === undefined ? undefined : { serverKey, keys };
  return openZeromqChannel({ address, token, curve, ...(clock && { clock }), signal });
}
