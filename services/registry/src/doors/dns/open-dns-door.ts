/**
 * The DNS door: the dictionary for programs that know nothing of Plumb. DNS has no credentials, so it says names and
 * addresses only, and only to this host unless a subnet is allowed.
 */
import { type Clock, type Log, OperatingError, type Random } from '@plumb/base';
import type { RegistryClient } from '../../index.ts';
import { createDnsHandler, type DnsFact } from './dns-handler.ts';
import { listenTcp, listenUdp } from './dns-listeners.ts';
import { createSourceRules } from './dns-source-address.ts';
import { followRegistry } from './follow-registry.ts';
import { parseAddress } from './parse-address.ts';

export type { DnsFact } from './dns-handler.ts';

/** With port 0, how often another free one is tried when UDP has it taken: the two are given out apart. */
const PORT_TRIES_MAX = 16;
/** What `ns.plumb` is where the door listens on every address. */
const LOOPBACK = Uint8Array.of(127, 0, 0, 1);

export type DnsDoorOptions = {
  /** Only followed: `registry:read` is enough. */
  readonly registry: Pick<RegistryClient, 'watch'>;
  /** An IP address; default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** 0 for any free one; the same for UDP and TCP. */
  readonly port: number;
  /** Who may ask besides this host, such as `172.17.0.0/16`; nobody by default. Others are refused. */
  readonly allowed?: readonly string[] | undefined;
  /** Told of each answer. */
  readonly observe?: ((fact: DnsFact) => void) | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

export type DnsDoor = AsyncDisposable & { readonly host: string; readonly port: number };

/**
 * Answers over UDP and TCP as soon as it is open; `SERVFAIL` until the dictionary has been read once.
 * @throws OperatingError `unavailable` when the port is taken or may not be used.
 */
export async function openDnsDoor(options: DnsDoorOptions): Promise<DnsDoor> {
  const { host = '127.0.0.1', port, clock, random, log } = options;
  await using opening = new AsyncDisposableStack();
  const { source } = opening.use(followRegistry({ registry: options.registry, clock, random, log }));
  const own = parseAddress(host);
  const listenerDependencies = {
    handler: createDnsHandler({
      source,
      serverAddress: own?.kind === 'address' ? own.bytes : LOOPBACK,
      random,
      log,
    }),
    rules: createSourceRules(options.allowed ?? []),
    observe: options.observe ?? (() => undefined),
    clock,
    log,
  };
  for (let tries = 1; ; tries += 1) {
    try {
      await using pair = new AsyncDisposableStack();
      const tcp = pair.use(await listenTcp({ host, port }, listenerDependencies));
      pair.use(await listenUdp({ host, port: tcp.port }, listenerDependencies));
      opening.use(pair.move());
      const open = opening.move();
      return { host, port: tcp.port, [Symbol.asyncDispose]: () => open.disposeAsync() };
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (port === 0 && isTaken && tries < PORT_TRIES_MAX) continue;
      throw new OperatingError(
        'unavailable',
        `DNS port ${port} on ${host} cannot be opened (is it taken?): choose another with --dns PORT, or 0 for any free one`,
        { cause: error },
      );
    }
  }
}
