import { type Clock, OperatingError } from '@plumb/base';
import type { Channel } from './channel.ts';
import { createWebSocketChannel, WEBSOCKET_PROTOCOL } from './websocket-channel.ts';

/** For the handshake, which is one round trip; a server that needs longer is not there. */
const OPEN_TIMEOUT_MS = 5_000;

export type OpenWebSocketOptions = {
  /** `ws://` or `wss://`. In a browser the session's cookie authenticates. */
  readonly url: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
};

/** Connects to a server's WebSocket door. @throws OperatingError `unavailable` when it cannot, or refuses. */
export async function openWebSocketChannel({ url, clock, signal }: OpenWebSocketOptions): Promise<Channel> {
  signal?.throwIfAborted();
  const socket = new WebSocket(url, [WEBSOCKET_PROTOCOL]);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (why: string): void => reject(new OperatingError('unavailable', `cannot connect to ${url}: ${why}`));
  const stop = (): void => reject(signal?.reason);
  using _timer = clock.after(OPEN_TIMEOUT_MS, () => fail(`no answer within ${OPEN_TIMEOUT_MS} ms`));
  signal?.addEventListener('abort', stop, { once: true });
  socket.addEventListener('open', () => resolve());
  socket.addEventListener('close', () => fail('it was refused'));
  socket.addEventListener('error', () => fail('it was refused or nothing listens there'));
  try {
    await promise;
    return createWebSocketChannel(socket as never, { clock });
  } catch (error) {
    socket.close();
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
