/**
 * A connection whose first channel is open: to one address, to several, or to what a registry names. So a program that
 * cannot work without a service learns at its start, and in words, why it cannot reach it.
 */
import { type Clock, type Log, OperatingError, type Random, withAbort } from '@plumb/base';
import { openBalancedConnection } from './balanced-connection.ts';
import type { Channel } from './channel.ts';
import type { Connection } from './connection.ts';
import type { InheritOptions } from './inherit-call.ts';
import { openConnection } from './open-connection.ts';
import { type Credentials, openTarget } from './open-target.ts';
import { type Endpoint, type Resolver, staticResolver } from './resolver.ts';
import { parseServiceTarget } from './target.ts';

/** A target whose server has a key of its own. */
export type KeyedTarget = { readonly target: string; readonly serverKey: string };

/** One target, or several of one service: its replicas, of which each call goes to the one that has less to do. */
export type Targets = string | readonly (string | KeyedTarget)[];

export type OpenTargetsOptions = Credentials &
  InheritOptions & {
    /** Knows where the instances of `registry:NAME` are. */
    readonly resolver?: Resolver | undefined;
    readonly signal?: AbortSignal | undefined;
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
  };

/** How long the first of several instances may take: as long as one address may. */
const FIRST_OPEN_TIMEOUT_MS = 5_000;

/** The service that all of `targets` name. @throws OperatingError `invalid`. */
export function serviceOf(targets: Targets): string {
  const names = new Set(listTargets(targets).map((target) => parseServiceTarget(target).service));
  const [service] = names;
  if (service !== undefined && names.size === 1) return service;
  const found = service === undefined ? 'there is none' : `these are of ${[...names].join(', ')}`;
  throw new OperatingError('invalid', `targets are one or more of one service: ${found}`);
}

/** @throws OperatingError as `connect` says. */
export async function openTargets(targets: Targets, options: OpenTargetsOptions): Promise<Connection> {
  const service = serviceOf(targets);
  const [first = '', ...more] = listTargets(targets);
  if (parseServiceTarget(first).kind === 'registry') {
    const { resolver } = options;
    if (resolver !== undefined && more.length === 0) return openSeveral(service, resolver, options);
    const advice = more.length > 0 ? 'is given alone' : 'needs a resolver, which knows where the instances are';
    throw new OperatingError('invalid', `${first} ${advice}`);
  }
  if (typeof targets === 'string') return openOne(targets, options);
  const endpoints = targets.map((one): Endpoint => {
    const keyed = typeof one === 'string' ? { target: one, serverKey: options.serverKey } : one;
    return { id: keyed.target, address: keyed.target, serverKey: keyed.serverKey };
  });
  return openSeveral(service, staticResolver(endpoints), options);
}

async function openOne(target: string, options: OpenTargetsOptions): Promise<Connection> {
  const { clock, signal } = options;
  let first: Channel | undefined = await openTarget(target, options, { clock, signal });
  const connection = openConnection({
    ...options,
    open: async (closed) => {
      const channel = first;
      first = undefined;
      const isGone = channel === undefined || channel.closed.aborted;
      return isGone ? openTarget(target, options, { clock, signal: closed }) : channel;
    },
  });
  const close = (): void => {
    first?.close();
    connection.close();
  };
  return { ...connection, close, [Symbol.dispose]: close };
}

async function openSeveral(service: string, resolver: Resolver, options: OpenTargetsOptions): Promise<Connection> {
  const first = Promise.withResolvers<void>();
  first.promise.catch(() => undefined);
  const refused = new Set<string>();
  let knownCount = 0;
  const connection = openBalancedConnection({
    ...options,
    service,
    resolver: async function* resolve(name, signal) {
      for await (const endpoints of resolver(name, signal)) {
        knownCount = endpoints.length;
        yield endpoints;
      }
    },
    open: async ({ id, address, serverKey = options.serverKey }, signal) => {
      try {
        const channel = await openTarget(address, { ...options, serverKey }, { clock: options.clock, signal });
        first.resolve();
        return channel;
      } catch (error) {
        // When each was tried, nobody is left to wait for.
        if (refused.add(id).size >= knownCount) first.reject(error);
        throw error;
      }
    },
  });
  using _timer = options.clock.after(FIRST_OPEN_TIMEOUT_MS, () => {
    const why = knownCount === 0 ? 'no instance of it is known' : `none of its ${knownCount} instances answered`;
    first.reject(
      new OperatingError('unavailable', `cannot reach ${service} within ${FIRST_OPEN_TIMEOUT_MS} ms: ${why}`),
    );
  });
  try {
    const { signal } = options;
    await (signal === undefined ? first.promise : withAbort(first.promise, signal));
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function listTargets(targets: Targets): string[] {
  if (typeof targets === 'string') return [targets];
  return targets.map((one) => (typeof one === 'string' ? one : one.target));
}
