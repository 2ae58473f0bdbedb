/** From the name of a service to where its instances are. Registries plug in here. */

/** One instance that can be connected to. */
export type Endpoint = {
  /** Names the instance in states and logs, and stays the same while it lives. */
  readonly id: string;
  /** What the `open` of the connection understands, such as `tcp://10.0.0.7:41231`. */
  readonly address: string;
  /** The CURVE key that the instance must prove to hold, in Z85. */
  readonly serverKey?: string | undefined;
  /** How far it is, as the resolver measures: calls go to those with the least while they can take them. Absent: 0. */
  readonly distance?: number | undefined;
};

/**
 * The instances of `service` that can be called: first the present list, then the whole list after each change. It
 * ends when `signal` aborts. One that throws, or ends before that, is asked again with backoff.
 */
export type Resolver = (service: string, signal: AbortSignal) => AsyncIterable<readonly Endpoint[]>;

/** The same endpoints for every name, for ever. */
export function staticResolver(endpoints: readonly Endpoint[]): Resolver {
  return async function* resolve(_service, signal) {
    yield endpoints;
    if (signal.aborted) return;
    const { promise, resolve: stop } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => stop(), { once: true });
    await promise;
  };
}
