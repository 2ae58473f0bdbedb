/**
 * The calls that this side of a channel serves: methods of its table, and what its own calls refer to. Each runs on its own
 * and is answered at most once; it keeps its place among the `CALLS_IN_FLIGHT_MAX` until its handler has really ended.
 */
import { errorToData, OperatingError, type Timer } from '@plumb/base';
import { ANSWER_AGE_MS_MAX } from './answer-journal.ts';
import { CallTable } from './call-table.ts';
import type { Channel } from './channel.ts';
import type { Caller } from './contract.ts';
import { CALLS_IN_FLIGHT_MAX } from './limits.ts';
import type { OfferedReference, OfferedReferences } from './offered-references.ts';
import type { OutgoingCalls } from './outgoing-calls.ts';
import type { CallMessage } from './protocol.ts';
import { ServedCall, type ServeDependencies } from './served-call.ts';

/** How long calls with a key run on for a caller who is gone, if their deadline is later: as long as answers are kept. */
const LOST_CALL_MS_MAX = ANSWER_AGE_MS_MAX;

/** What the calls of one connection have in common. */
export type ServedConnection = {
  readonly channel: Channel;
  readonly caller: Caller;
  readonly outgoing: OutgoingCalls;
  readonly offered: OfferedReferences;
  /** Streams that the calls of this connection have brought and that have not ended. */
  streamCount: number;
};

export class IncomingCalls {
  readonly #connection: ServedConnection;
  readonly #dependencies: ServeDependencies;
  readonly #calls = new CallTable<ServedCall>();
  /** Runs when the calls of a lost connection have had their time. */
  #lost: Timer | undefined;
  /** When the messages came that are being read one after another; undefined between two such times. */
  #receivedAtMs: number | undefined;

  constructor(connection: Omit<ServedConnection, 'streamCount'>, dependencies: ServeDependencies) {
    this.#connection = { ...connection, streamCount: 0 };
    this.#dependencies = dependencies;
  }

  /** Returns false where the number is that of a call that runs, which breaks the protocol. */
  start(message: CallMessage): boolean {
    const { id, method } = message;
    if (this.#calls.get(id) !== undefined) return false;
    const nowMs = this.#dependencies.clock.monotonicMs();
    const waitedMs = this.#waitedMs(nowMs);
    let offered: OfferedReference | undefined;
    try {
      this.#checkRoom(message, waitedMs);
      if (method.startsWith('#')) offered = this.#connection.offered.require(method);
    } catch (error) {
      this.#refuse(message, error as OperatingError);
      return true;
    }
    const call = new ServedCall(message, { offered, nowMs, waitedMs }, this.#connection, this.#dependencies);
    this.#calls.add(id, call);
    const running = call.run();
    if (running === undefined) this.#calls.delete(id);
    else void running.then(() => this.#onEnd(id));
    return true;
  }

  cancel(id: number): void {
    this.#calls.get(id)?.abort(new OperatingError('unavailable', 'the caller cancelled the call'));
  }

  addCredit(id: number, count: number): void {
    this.#calls.get(id)?.addCredit(count);
  }

  /** The channel is closed: nobody can be answered. */
  lose(reason: unknown): void {
    const kept = this.#calls.values().filter((call) => call.lose(reason) === 'kept');
    if (kept.length === 0) return;
    this.#lost = this.#dependencies.clock.after(LOST_CALL_MS_MAX, () => {
      for (const call of this.#calls.values()) call.abort(reason);
    });
  }

  #onEnd(id: number): void {
    this.#calls.delete(id);
    if (this.#calls.size === 0) this.#lost?.cancel();
  }

  /** How long a message has waited for those that came with it: their handlers may have held up the program. */
  #waitedMs(nowMs: number): number {
    if (this.#receivedAtMs === undefined) {
      this.#receivedAtMs = nowMs;
      queueMicrotask(() => (this.#receivedAtMs = undefined));
    }
    return nowMs - this.#receivedAtMs;
  }

  #checkRoom({ method, deadlineMs = Infinity }: CallMessage, waitedMs: number): void {
    if (this.#calls.size >= CALLS_IN_FLIGHT_MAX) {
      const advice = `at most ${CALLS_IN_FLIGHT_MAX} calls run on one connection: wait for some to end`;
      throw new OperatingError('exhausted', `${method} was not called: ${advice}`);
    }
    if (deadlineMs <= waitedMs) {
      throw new OperatingError('deadline', `${method} was not called: its deadline had passed`);
    }
  }

  #refuse({ id, method }: CallMessage, error: OperatingError): void {
    this.#dependencies.table?.counters(method).refuse(error.code);
    this.#connection.channel.send({ kind: 'error', id, error: errorToData(error), notRun: true });
  }
}
