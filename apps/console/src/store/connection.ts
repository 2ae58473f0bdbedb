/** The one WebSocket: opened, watched, and told apart from a session that is gone. */
import { OperatingError, silentLog } from '@plumb/base';
import { type Channel, type Connection, openConnection } from '@plumb/rpc';
import type { ConsoleStore } from './console-store.ts';
import type { World } from './follow.ts';

export type ConnectionDependencies = {
  readonly store: Pick<ConsoleStore, 'connection'>;
  readonly openChannel: (signal: AbortSignal) => Promise<Channel>;
  /** Whether the server still knows the session: a browser does not tell why a WebSocket was refused. */
  readonly isSignedIn: () => Promise<boolean>;
  readonly world: World;
};

/** Opens with the first call and again after each loss; `store.connection` says how it stands. */
export function openConsoleConnection({ store, openChannel, isSignedIn, world }: ConnectionDependencies): Connection {
  const open = async (signal: AbortSignal): Promise<Channel> => {
    try {
      const channel = await openChannel(signal);
      store.connection.value = 'live';
      channel.closed.addEventListener('abort', () => {
        if (store.connection.value === 'live') store.connection.value = 'lost';
      });
      return channel;
    } catch (error) {
      if (await isSignedIn()) throw error;
      store.connection.value = 'signed-out';
      throw new OperatingError('denied', 'the session is gone: sign in with the link of "plumb token link"', {
        cause: error,
      });
    }
  };
  return openConnection({ open, ...world, log: silentLog });
}

/** Asks over HTTP. A server that does not answer has refused nobody. */
export async function askIsSignedIn(
  fetchUrl: (url: string, init: RequestInit) => Promise<Pick<Response, 'status'>>,
): Promise<boolean> {
  const init = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } };
  const status = await fetchUrl('/api/identity.whoami', init).then(
    (response) => response.status,
    () => undefined,
  );
  return status !== 401;
}
