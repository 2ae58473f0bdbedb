/**
 * The server's side of one connection. Each call runs on its own and is answered at most once. Cancel, deadline and
 * the loss of the connection abort the call's signal; an aborted stream has `return()` called, so generators run their
 * `finally`. A call keeps its place among the `CALLS_IN_FLIGHT_MAX` until its handler has really ended.
 */
import { type Clock, type ErrorCode, errorToData, type Log, OperatingError, type Timer } from '@plumb/base';
import type { Channel } from './channel.ts';
import type { Call, Caller } from './contract.ts';
import { invoke, type Outcome, publicError } from './invoke.ts';
import { itemCost } from './item-cost.ts';
import { CALLS_IN_FLIGHT_MAX, STREAM_TURN_ITEMS } from './limits.ts';
import { callCode } from './method-stats.ts';
import type { MethodTable } from './method-table.ts';
import { type CallMessage, parseClientMessage, type ServerMessage } from './protocol.ts';
import { StreamCredit } from './stream-credit.ts';
import { atTurnEnd, type SendTiming } from './turn.ts';

export type ServeDependencies = { readonly table: MethodTable; readonly log: Log; readonly clock: Clock };

export function serveChannel(channel: Channel, caller: Caller, dependencies: ServeDependencies): void {
  const calls = new Map<number, ServedCall>();
  const refuse = (error: OperatingError): void => {
    channel.send({ kind: 'error', error: errorToData(error) });
    channel.close();
  };
  const start = (message: CallMessage): void => {
    const { id, deadlineMs = Infinity } = message;
    const answerError = (error: OperatingError): void => channel.send({ kind: 'error', id, error: errorToData(error) });
    if (calls.has(id)) return refuse(new OperatingError('invalid', `call ${id} is still running: number calls anew`));
    if (calls.size >= CALLS_IN_FLIGHT_MAX) {
      dependencies.table.counters(message.method).refuse('exhausted');
      const advice = `at most ${CALLS_IN_FLIGHT_MAX} calls run on one connection: wait for some to end`;
      return answerError(new OperatingError('exhausted', `${message.method} was not called: ${advice}`));
    }
    if (deadlineMs <= 0) {
      dependencies.table.counters(message.method).refuse('deadline');
      return answerError(new OperatingError('deadline', `${message.method} was not called: its deadline had passed`));
    }
    const call = new ServedCall(channel, caller, message);
    calls.set(id, call);
    void call.run(dependencies).finally(() => calls.delete(id));
  };

  channel.closed.addEventListener('abort', () => {
    for (const call of calls.values()) call.abort(channel.closed.reason);
  });
  channel.receive((raw) => {
    const message = parseClientMessage(raw);
    switch (message.kind) {
      case 'call':
        return start(message);
      case 'cancel':
        return calls.get(message.id)?.abort(new OperatingError('unavailable', 'the caller cancelled the call'));
      case 'credit':
        return calls.get(message.id)?.addCredit(message.count);
      case 'malformed':
        return refuse(new OperatingError('invalid', `the message cannot be read: ${message.reason}`));
    }
  });
}

class ServedCall implements Call {
  readonly caller: Caller;
  readonly #channel: Channel;
  readonly #message: CallMessage;
  readonly #controller = new AbortController();
  readonly #credit: StreamCredit;
  #isAnswered = false;
  #deadline: Timer | undefined;
  #iterator: AsyncIterator<unknown> | undefined;

  constructor(channel: Channel, caller: Caller, message: CallMessage) {
    this.#channel = channel;
    this.caller = caller;
    this.#message = message;
    this.#credit = new StreamCredit(message.credit ?? 0);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves when the handler has ended. Never rejects. */
  async run({ table, log, clock }: ServeDependencies): Promise<void> {
    const { method: name, input, deadlineMs } = this.#message;
    const startedAt = clock.monotonicMs();
    const counters = table.counters(name);
    counters.start();
    using deadline = deadlineMs === undefined ? undefined : this.#armDeadline(clock, deadlineMs);
    this.#deadline = deadline;
    let code: 'ok' | ErrorCode = 'ok';
    let isStream = false;
    try {
      const outcome = await invoke(table, { name, input, log }, this);
      if (outcome.kind === 'value') this.#answerValue(outcome.value);
      else {
        isStream = true;
        await this.#answerStream(outcome);
      }
    } catch (error) {
      const known = publicError(error, { name, call: this, log });
      code = known.code;
      this.#answerError(known);
    }
    const durationMs = clock.monotonicMs() - startedAt;
    const ending = callCode(code, { signal: this.signal, durationMs, deadlineMs: isStream ? undefined : deadlineMs });
    counters.finish(ending, isStream ? undefined : durationMs);
    log.debug('rpc.call', { method: name, caller: this.caller.id, code, durationMs });
  }

  /** Ends the call for its handler, without an answer. Safe to repeat. */
  abort(reason: unknown): void {
    if (this.#controller.signal.aborted) return;
    this.#isAnswered = true;
    this.#controller.abort(reason);
    this.#credit.wake();
    this.#returnIterator();
  }

  addCredit(count: number): void {
    this.#credit.add(count);
  }

  #armDeadline(clock: Clock, deadlineMs: number): Timer {
    return clock.after(Math.ceil(deadlineMs), () => {
      const message = `${this.#message.method} did not end within its deadline of ${Math.ceil(deadlineMs)} ms`;
      const error = new OperatingError('deadline', message);
      this.#answerError(error);
      this.abort(error);
    });
  }

  #answerValue(value: unknown): void {
    this.#send({ kind: 'result', id: this.#message.id, value });
    this.#isAnswered = true;
  }

  async #answerStream({ items, check }: Extract<Outcome, { kind: 'stream' }>): Promise<void> {
    const iterator = items[Symbol.asyncIterator]();
    this.#iterator = iterator;
    if (this.#message.credit === undefined) {
      this.#returnIterator();
      const { method } = this.#message;
      throw new OperatingError('invalid', `${method} answers with a stream: read it with "for await"`);
    }
    if (this.signal.aborted) this.#returnIterator();
    try {
      for (let count = 1; ; count += 1) {
        if (this.#credit.isSpent && !this.signal.aborted) await this.#credit.wait();
        if (this.signal.aborted) return;
        const next = await iterator.next();
        if (this.signal.aborted) return;
        if (next.done === true) break;
        this.#sendItem(check(next.value));
        if (count % STREAM_TURN_ITEMS === 0) await new Promise<void>(atTurnEnd);
      }
    } catch (error) {
      this.#returnIterator();
      throw error;
    }
    this.#send({ kind: 'end', id: this.#message.id });
    this.#isAnswered = true;
  }

  #sendItem(value: unknown): void {
    const { id, pieceBytes } = this.#message;
    const cost = pieceBytes === undefined ? 1 : itemCost(value, pieceBytes);
    this.#deadline?.cancel();
    this.#credit.spend(cost);
    this.#send(cost === 1 ? { kind: 'item', id, value } : { kind: 'item', id, value, cost }, 'turn-end');
  }

  /** Lets the producer run its `finally`; whatever that throws has nobody left to tell. */
  #returnIterator(): void {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    if (iterator?.return === undefined) return;
    void Promise.try(() => iterator.return?.()).catch(() => undefined);
  }

  #send(message: ServerMessage, timing: SendTiming = 'soon'): void {
    if (this.#isAnswered) return;
    try {
      this.#channel.send(message, timing);
    } catch (error) {
      // What the caller sent was fine: an answer that no channel can carry is our bug.
      if (!(error instanceof OperatingError) || error.code !== 'invalid') throw error;
      throw new TypeError('an answer must be plain data', { cause: error });
    }
  }

  #answerError(error: OperatingError): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    const { id } = this.#message;
    try {
      this.#channel.send({ kind: 'error', id, error: errorToData(error) });
    } catch {
      // The details cannot be encoded; code and message always can.
      this.#channel.send({ kind: 'error', id, error: { code: error.code, message: error.message } });
    }
  }
}
