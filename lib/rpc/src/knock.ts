/**
 * Asks the kernel of another machine whether a program still listens there, by opening a connection and saying nothing.
 * The connection is kept until the answer is of no more interest: it takes one place in the queue of the listener however
 * long that is busy, and TCP's own probes on it, every second, find a machine or network that goes away meanwhile.
 */
import net from 'node:net';
import type { Clock } from '@plumb/base';
import { netOptions, parseAddress } from '@plumb/zmtp';

/** Enough for the first packet to be sent three times: at once, after 1 s and after 3 s. */
const REACH_TIMEOUT_MS = 4_000;

/** After so much idle time TCP asks whether the machine is there; libuv then asks each second and gives up after ten. */
const KEEP_ALIVE_MS = 1_000;

export type KnockEvents = {
  /** The kernel over there took the connection. */
  readonly onReached: () => void;
  /** The program over there noticed it: its event loop runs. */
  readonly onAnswered: () => void;
  /** Nobody listens, or nothing reaches them. Nothing comes after it. */
  readonly onGone: (why: string) => void;
};

/** Begins; disposing ends it without another event. */
export type Knock = (events: KnockEvents) => Disposable;

/** Knocks at an address of `listenZeromq`. */
export function knockAt(address: string, clock: Clock): Knock {
  return ({ onReached, onAnswered, onGone }) => {
    const options = { ...netOptions(parseAddress(address)), keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
    const socket = net.connect(options);
    let isReached = false;
    const stop = (): void => {
      timer.cancel();
      socket.removeAllListeners();
      // What is late is of no interest.
      socket.on('error', () => undefined);
      socket.destroy();
    };
    const gone = (why: string): void => {
      stop();
      onGone(why);
    };
    const timer = clock.after(REACH_TIMEOUT_MS, () => gone(`${address} took no connection for ${REACH_TIMEOUT_MS} ms`));
    const reached = (): void => {
      timer.cancel();
      isReached = true;
      onReached();
    };
    socket.on('connect', reached);
    // Who turns away, for being full, is awake as well.
    for (const event of ['data', 'end'] as const) {
      socket.on(event, () => {
        stop();
        onAnswered();
      });
    }
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      // The queue of a unix socket is full: somebody listens who does not take connections.
      if (code === 'EAGAIN' && !isReached) return reached();
      gone(isReached ? `the connection that knocked at ${address} was lost (${code})` : `${address} is gone (${code})`);
    });
    // Whoever is watched does not keep this program from ending.
    socket.unref();
    return { [Symbol.dispose]: stop };
  };
}
