/**
 * Whether the other side is alive, busy or dead. A program whose event loop is held up answers nothing, but the kernel of
 * its machine still takes connections and bytes for it: silence alone says nothing, so the client's side knocks.
 *
 *   alive  pings are answered
 *   busy   they are not, and a knock was taken by the kernel over there; what was sent is answered later
 *   dead   nobody takes knocks; or whoever does answers them and not us; or it was busy for longer than anything useful
 *
 * The server's side cannot knock. It waits for the client's pings, and leaves it to TCP to find a machine that is gone.
 */
import { type Clock, OperatingError } from '@plumb/base';
import type { Liveness } from './channel.ts';
import { HEARTBEAT_MS } from './heartbeat.ts';
import type { Knock } from './knock.ts';

/** A client waits this long for an answer to its ping before it knocks: a knock costs little. */
const CLIENT_SILENT_TICKS = 1;

/** Pings of a client come about once in a tick of the server. */
const SERVER_SILENT_TICKS = 3;

/** A program that answered a knock has read its other connections by then, however many. */
const ANSWERED_TICKS_MAX = 5;

/**
 * How long one may be busy: longer than any collection of garbage, migration or calculation that somebody waits for, and
 * soon enough that a program that never comes back is reported the same day.
 */
export const BUSY_MAX_MS = 300_000;

export type PeerWatch = Disposable & {
  /** Something came from the other side. */
  readonly heard: () => void;
  readonly liveness: () => Liveness;
  readonly onLiveness: (listener: (liveness: Liveness) => void) => void;
};

export type PeerWatchOptions = {
  readonly clock: Clock;
  /** The client's side: pings, and knocks where there is no answer. */
  readonly client?: { readonly ping: () => void; readonly knock: Knock } | undefined;
  /** Called once; nothing is watched any more then. */
  readonly dead: (reason: OperatingError) => void;
};

/** Counts its own ticks rather than time: a process that was itself held up calls nobody dead for that. */
export function watchPeer({ clock, client, dead }: PeerWatchOptions): PeerWatch {
  const listeners: ((liveness: Liveness) => void)[] = [];
  let liveness: Liveness = 'alive';
  let hasHeard = true;
  let silentTicks = 0;
  let answeredAtTick: number | undefined;
  let knocking: Disposable | undefined;

  const become = (next: Liveness): void => {
    if (liveness === next) return;
    liveness = next;
    for (const listener of listeners) listener(next);
  };
  const stop = (): void => {
    timer.cancel();
    knocking?.[Symbol.dispose]();
    knocking = undefined;
  };
  const end = (why: string): void => {
    stop();
    dead(new OperatingError('unavailable', why));
  };
  const knock = (): void => {
    knocking = client?.knock({
      onReached: () => become('busy'),
      onAnswered: () => (answeredAtTick ??= silentTicks),
      onGone: (why) => end(`no sign of life came for over ${silentTicks} s, and ${why}`),
    });
  };
  const judge = (): void => {
    const silentMs = silentTicks * HEARTBEAT_MS;
    if (silentMs >= BUSY_MAX_MS) return end(`no sign of life came for ${silentMs} ms, the most that is waited`);
    if (answeredAtTick !== undefined && silentTicks - answeredAtTick >= ANSWERED_TICKS_MAX) {
      return end('the other side answers others: this connection is broken');
    }
    if (client === undefined) {
      if (silentTicks >= SERVER_SILENT_TICKS) become('busy');
    } else if (silentTicks >= CLIENT_SILENT_TICKS && knocking === undefined) {
      knock();
    }
  };
  const timer = clock.every(HEARTBEAT_MS, () => {
    silentTicks = hasHeard ? 0 : silentTicks + 1;
    if (!hasHeard) return judge();
    hasHeard = false;
    // A ping that was not answered needs no other: nothing is lost on its way while there is a connection.
    client?.ping();
  });

  return {
    liveness: () => liveness,
    onLiveness: (listener) => void listeners.push(listener),
    heard() {
      hasHeard = true;
      if (liveness === 'alive' && knocking === undefined) return;
      knocking?.[Symbol.dispose]();
      knocking = undefined;
      answeredAtTick = undefined;
      become('alive');
    },
    [Symbol.dispose]: stop,
  };
}
