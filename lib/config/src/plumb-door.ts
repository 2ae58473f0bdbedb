/**
 * The way to a plumbd as the environment of a program names it: `PLUMB_RPC` is where, `PLUMB_RPC_KEY` the public key that
 * is expected there, and `PLUMB_CURVE_KEY` (the secret key of this program) or `PLUMB_TOKEN` who we are.
 */
import { OperatingError } from '@plumb/base';
import { derivePublicKey, type OpenZeromqOptions } from '@plumb/rpc/node';

export type PlumbDoor = Pick<OpenZeromqOptions, 'address' | 'token' | 'curve'>;

/** Undefined where no plumbd is named. @throws OperatingError `invalid` where it is half named, or a key is none. */
export function readPlumbDoor(environment: Readonly<Record<string, string | undefined>>): PlumbDoor | undefined {
  const read = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name]);
  const address = read('PLUMB_RPC');
  if (address === undefined) return undefined;
  const [serverKey, secretKey, token] = [read('PLUMB_RPC_KEY'), read('PLUMB_CURVE_KEY'), read('PLUMB_TOKEN')];
  if (secretKey === undefined && token === undefined) {
    throw halfSet('PLUMB_TOKEN', 'a token of it, or PLUMB_CURVE_KEY to a secret key whose other half it knows');
  }
  if (serverKey === undefined) {
    if (token === undefined)
      throw halfSet('PLUMB_RPC_KEY', 'the public key that it holds, "rpcKey" in its plumbd.json');
    return { address, token };
  }
  const keys = secretKey === undefined ? undefined : { secretKey, publicKey: derivePublicKey(secretKey) };
  return { address, token, curve: { serverKey, keys } };
}

/** A plumbd is named, but what is needed with it is not. */
export function halfSet(name: string, what: string): OperatingError {
  return new OperatingError('invalid', `PLUMB_RPC names a plumbd, but ${name} is not set: set it to ${what}`);
}
