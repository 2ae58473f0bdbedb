/**
 * The server's end of RPC over ZeroMQ, on any number of addresses. With `curve`, whoever comes by TCP is encrypted and is
 * known by the key that it proved to hold; a key that nobody knows may still show a token. Unix sockets are protected by
 * the mode of their directory and stay plain, with tokens.
 */
import type { Clock, Log } from '@plumb/base';
import type { Security } from '@plumb/zmtp';
import type { Accept } from './channel.ts';
import type { Caller } from './contract.ts';
import { type DoorOptions, ZeromqDoor } from './zeromq-door.ts';

export type ListenCurve = {
  /** Of the server, 40 characters of Z85: see `generateKeyPair`. */
  readonly secretKey: string;
  /** Whom this key (Z85) is known as; undefined for nobody. Asked once for each connection, as are tokens. */
  readonly identify: (publicKey: string, address: string) => Promise<Caller | undefined>;
  /** Unix sockets are encrypted as well. */
  readonly unixSockets?: boolean | undefined;
};

export type ListenOptions = {
  /** `tcp://127.0.0.1:7701` (port 0 for any that is free) or `ipc:///path/to.sock`. */
  readonly addresses: readonly string[];
  /** Who holds this token; undefined for nobody. A rejection is logged and answered with `unavailable`. */
  readonly authenticate: (token: string) => Promise<Caller | undefined>;
  /** Without it, nothing is encrypted and everybody shows a token. */
  readonly curve?: ListenCurve | undefined;
  readonly accept: Accept;
  readonly log: Log;
  readonly clock: Clock;
};

export type Listener = AsyncDisposable & {
  /** The addresses that were really taken, in the order of the options. */
  readonly addresses: readonly string[];
};

/** @throws OperatingError `invalid` for a bad address or key, `unavailable` for an address that is taken. Nothing is open then. */
export async function listenZeromq(options: ListenOptions): Promise<Listener> {
  const { addresses, curve } = options;
  const isEncrypted = (address: string): boolean =>
    curve !== undefined && (curve.unixSockets === true || address.startsWith('tcp:'));
  const doors = new Map<boolean, ZeromqDoor>();
  const close = async (): Promise<void> => {
    await Promise.all([...doors.values()].map((door) => door.close()));
  };
  try {
    const security = curve === undefined ? undefined : await curveSecurity(curve);
    const bound: string[] = [];
    for (const address of addresses) {
      const kind = isEncrypted(address);
      const door = doors.get(kind) ?? new ZeromqDoor(doorOptions(options, kind ? security : undefined));
      doors.set(kind, door);
      bound.push(await door.bind(address));
    }
    return { addresses: bound, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

function doorOptions({ authenticate, curve, accept, log, clock }: ListenOptions, security?: Security): DoorOptions {
  return {
    security,
    accept,
    log,
    clock,
    async identify({ publicKey, token, address }) {
      const caller = publicKey === undefined ? undefined : await curve?.identify(publicKey, address);
      return caller ?? (token === '' ? undefined : authenticate(token));
    },
  };
}

/** The handshake lets every key in: who it is, the hello decides. */
async function curveSecurity({ secretKey }: ListenCurve): Promise<Security> {
  // Programs without CURVE do not load libsodium.
  const { curveServer } = await import('@plumb/zmtp/curve');
  return curveServer({ secretKey, authenticate: async () => '' });
}
