/**
 * One call that this side serves, from its message to its answer. Cancel, deadline and the loss of the connection abort its
 * signal; an aborted stream has `return()` called, so generators run their `finally`. What its input refers to ends with it.
 */
import { type Clock, type ErrorCode, errorToData, type Log, OperatingError, type Timer } from '@plumb/base';
import type { AnswerJournal, KeyedCall } from './answer-journal.ts';
import type { CallContext } from './call-context.ts';
import { CallStubs } from './call-stubs.ts';
import type { Call, Caller } from './contract.ts';
import type { ServedConnection } from './incoming-calls.ts';
import { type Invocation, invoke, type Outcome, publicError } from './invoke.ts';
import { invokeReference } from './invoke-reference.ts';
import { DEADLINE_MS_MAX, STREAMS_PER_CONNECTION_MAX } from './limits.ts';
import { type CallCode, callCode, type MethodCounters } from './method-stats.ts';
import type { MethodTable } from './method-table.ts';
import { hasNotRun, markNotRun } from './not-run.ts';
import type { OfferedReference } from './offered-references.ts';
import { placeReferences } from './place-references.ts';
import type { CallMessage, Reference, ServerMessage } from './protocol.ts';
import { ServedStream } from './served-stream.ts';
import { isPromise } from './is-promise.ts';
import { formatTraceparent, parseTraceparent, type Trace } from './traceparent.ts';
import type { SendTiming } from './turn.ts';

export type ServeDependencies = {
  /** What can be called by name; nothing on the side that only makes calls. */
  readonly table?: MethodTable | undefined;
  readonly log: Log;
  readonly clock: Clock;
  readonly context?: CallContext | undefined;
  /** Where calls with a key are remembered. Without it a key means nothing. */
  readonly journal?: AnswerJournal | undefined;
};

export type ServedCallStart = {
  readonly offered: OfferedReference | undefined;
  /** Monotonic: it starts. */
  readonly nowMs: number;
  /** Since its message came. */
  readonly waitedMs: number;
};

export class ServedCall implements Call {
  readonly caller: Caller;
  readonly #message: CallMessage;
  readonly #connection: ServedConnection;
  readonly #dependencies: ServeDependencies;
  /** What is called, where it is not a method of the table. */
  readonly #offered: OfferedReference | undefined;
  readonly #counters: MethodCounters | undefined;
  readonly #startedAtMs: number;
  /** What is left of the deadline when it starts. */
  readonly #deadlineMs: number | undefined;
  readonly #trace: Trace | undefined;
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;
  #isAnswered = false;
  #isOver = false;
  /** The journal has it. */
  #isKept = false;
  /** The first item of its stream was sent. */
  #isFlowing = false;
  #deadline: Timer | undefined;
  #stubs: CallStubs | undefined;
  #streamCount = 0;
  #stream: ServedStream | undefined;

  constructor(
    message: CallMessage,
    { offered, nowMs, waitedMs }: ServedCallStart,
    connection: ServedConnection,
    dependencies: ServeDependencies,
  ) {
    this.caller = connection.caller;
    this.#message = message;
    this.#offered = offered;
    this.#connection = connection;
    this.#dependencies = dependencies;
    this.#counters = offered === undefined ? dependencies.table?.counters(message.method) : undefined;
    this.#startedAtMs = nowMs;
    this.#deadlineMs = message.deadlineMs === undefined ? undefined : message.deadlineMs - waitedMs;
    this.#trace = parseTraceparent(message.traceparent);
  }

  /** Made when it is asked for: most handlers never look at it. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  get traceparent(): string | undefined {
    return this.#trace === undefined ? undefined : formatTraceparent(this.#trace);
  }

  /** None for what a handler has left running when it ended, and none between the items of a stream. */
  get deadlineAtMs(): number | undefined {
    const isBound = !this.#isOver && !this.#isFlowing;
    return this.#deadlineMs === undefined || !isBound ? undefined : this.#startedAtMs + this.#deadlineMs;
  }

  /** Returns when the handler has ended, or resolves then where it makes the call wait. Never throws and never rejects. */
  run(): Promise<void> | undefined {
    this.#counters?.start();
    this.#armDeadline();
    let code: 'ok' | ErrorCode = 'ok';
    try {
      if (this.#offered !== undefined) this.#connection.offered.enter(this.#offered, this);
      const outcome = this.#invoke();
      if (isPromise(outcome) || outcome.kind === 'stream') return this.#answerLater(outcome);
      this.#answerValue(outcome.value);
    } catch (error) {
      code = this.#answerFault(error);
    }
    this.#end(code);
    return undefined;
  }

  /** Its connection is lost. A call that its caller may send again goes on, until its deadline, for who asks then. */
  lose(reason: unknown): 'kept' | 'aborted' {
    if (this.#isKept) return 'kept';
    this.abort(reason);
    return 'aborted';
  }

  /** Ends the call for its handler, without an answer. Safe to repeat. */
  abort(reason: unknown): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = { reason };
    this.#isAnswered = true;
    this.#controller?.abort(reason);
    this.#stubs?.end();
    this.#stream?.abort();
  }

  addCredit(count: number): void {
    this.#stream?.addCredit(count);
  }

  #armDeadline(): void {
    const deadlineMs = this.#deadlineMs;
    if (deadlineMs === undefined || deadlineMs > DEADLINE_MS_MAX) return;
    this.#deadline = this.#dependencies.clock.after(Math.ceil(deadlineMs), () => {
      const limit = `its deadline of ${Math.ceil(this.#message.deadlineMs ?? deadlineMs)} ms`;
      const error = new OperatingError('deadline', `${this.#name} did not end within ${limit}`);
      this.#answerError(error);
      this.abort(error);
    });
  }

  get #name(): string {
    return this.#offered?.name ?? this.#message.method;
  }

  async #answerLater(pending: Outcome | Promise<Outcome>): Promise<void> {
    let code: 'ok' | ErrorCode = 'ok';
    try {
      const outcome = await pending;
      if (outcome.kind === 'value') this.#answerValue(outcome.value);
      else await this.#answerStream(outcome);
    } catch (error) {
      code = this.#answerFault(error);
    }
    this.#end(code);
  }

  #invoke(): Outcome | Promise<Outcome> {
    const { log, table, context } = this.#dependencies;
    const { method: name, references } = this.#message;
    const input = references === undefined ? this.#message.input : this.#placeReferences();
    const offered = this.#offered;
    if (offered !== undefined) return this.#within(() => invokeReference(offered, { input, log }, this));
    if (table !== undefined) return this.#invokeOnce(table, { name, input, log, context });
    throw markNotRun(new OperatingError('not-found', `there is no method "${name}": this side only makes calls`));
  }

  /** What is thrown at once is an answer too. */
  #invokeNoted(table: MethodTable, invocation: Invocation, call: KeyedCall): Outcome | Promise<Outcome> {
    try {
      return invoke(table, invocation, this);
    } catch (error) {
      this.#dependencies.journal?.noteError(call, error);
      throw error;
    }
  }

  /** A call with a key that runs or has run already gets the answer of that. One without a deadline would be kept too long. */
  #invokeOnce(table: MethodTable, invocation: Invocation): Outcome | Promise<Outcome> {
    const { journal } = this.#dependencies;
    const { key, method, credit, references } = this.#message;
    const isPlain = credit === undefined && references === undefined && this.#deadlineMs !== undefined;
    if (journal === undefined || key === undefined || !isPlain) return invoke(table, invocation, this);
    const call = { callerId: this.caller.id, key, method };
    const known = journal.find(call);
    if (known !== undefined) return known;
    const outcome = this.#invokeNoted(table, invocation, call);
    if (isPromise(outcome)) this.#isKept = journal.add(call, outcome);
    else journal.noteAnswer(call, outcome);
    return outcome;
  }

  /** @throws OperatingError `invalid` or `exhausted`, for this call alone. */
  #placeReferences(): unknown {
    const { method, input, references, id } = this.#message;
    const { outgoing } = this.#connection;
    const { clock } = this.#dependencies;
    const stubs = new CallStubs({ outgoing, clock, callId: id, method, call: this });
    this.#stubs = stubs;
    const create = (reference: Reference): unknown => {
      if (reference.kind === 'stream') this.#countStream();
      return stubs.create(reference);
    };
    try {
      return placeReferences(input, references, create);
    } catch (error) {
      throw error instanceof OperatingError ? markNotRun(error) : error;
    }
  }

  #countStream(): void {
    if (this.#connection.streamCount >= STREAMS_PER_CONNECTION_MAX) {
      const advice = `at most ${STREAMS_PER_CONNECTION_MAX} streams are taken from one connection: end some`;
      throw new OperatingError('exhausted', `${this.#message.method} was not called: ${advice}`);
    }
    this.#connection.streamCount += 1;
    this.#streamCount += 1;
  }

  /** The handler has ended. */
  #end(code: 'ok' | ErrorCode): void {
    this.#isOver = true;
    this.#deadline?.cancel();
    this.#stubs?.end();
    this.#connection.streamCount -= this.#streamCount;
    if (this.#offered !== undefined) this.#connection.offered.leave(this.#offered, this);
    const durationMs = this.#dependencies.clock.monotonicMs() - this.#startedAtMs;
    this.#counters?.finish(this.#ending(code, durationMs), this.#stream === undefined ? durationMs : undefined);
    this.#logEnd(code, durationMs);
  }

  async #answerStream({ items, check }: Extract<Outcome, { kind: 'stream' }>): Promise<void> {
    const { id, credit, pieceBytes } = this.#message;
    const stream = new ServedStream(items, {
      credit: credit ?? 0,
      pieceBytes,
      check,
      send: (value, cost) => {
        // It was for the first item.
        this.#deadline?.cancel();
        this.#isFlowing = true;
        this.#answer(cost === 1 ? { kind: 'item', id, value } : { kind: 'item', id, value, cost }, 'turn-end');
      },
      within: (work) => this.#within(work),
    });
    if (credit === undefined) {
      stream.abort();
      throw new OperatingError('invalid', `${this.#name} answers with a stream: read it with "for await"`);
    }
    this.#stream = stream;
    if (this.#aborted !== undefined) stream.abort();
    try {
      await stream.run();
    } catch (error) {
      throw this.#publicError(error);
    }
    this.#answer({ kind: 'end', id });
  }

  #within<T>(work: () => T): T {
    const { context } = this.#dependencies;
    return context === undefined ? work() : context.run(this, work);
  }

  /** Sends one message of the answer, unless nobody waits for it. */
  #answer(message: ServerMessage, timing: SendTiming = 'soon'): void {
    if (this.#isAnswered) return;
    try {
      this.#connection.channel.send(message, timing);
    } catch (error) {
      // What the caller sent was fine: an answer that no channel can carry is our bug.
      if (!(error instanceof OperatingError) || error.code !== 'invalid') throw error;
      throw new TypeError('an answer must be plain data', { cause: error });
    }
    this.#isAnswered = message.kind !== 'item';
  }

  #answerValue(value: unknown): void {
    this.#answer({ kind: 'result', id: this.#message.id, value });
  }

  /** Returns its code. */
  #answerFault(error: unknown): ErrorCode {
    const known = error instanceof OperatingError ? error : this.#publicError(error);
    this.#answerError(known);
    return known.code;
  }

  #answerError(error: OperatingError): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    const { channel } = this.#connection;
    const answer = { kind: 'error', id: this.#message.id, ...(hasNotRun(error) && { notRun: true }) };
    try {
      channel.send({ ...answer, error: errorToData(error) });
    } catch {
      // The details cannot be encoded; code and message always can.
      channel.send({ ...answer, error: { code: error.code, message: error.message } });
    }
  }

  #publicError(error: unknown): OperatingError {
    const side = this.#offered === undefined ? 'service' : 'caller';
    return publicError(error, { name: this.#name, call: this, log: this.#dependencies.log, side });
  }

  #ending(code: 'ok' | ErrorCode, durationMs: number): CallCode {
    if (this.#aborted === undefined) return code;
    // The deadline of a stream is for its first item.
    const deadlineMs = this.#stream === undefined ? this.#deadlineMs : undefined;
    return callCode(code, { signal: this.signal, durationMs, deadlineMs });
  }

  #logEnd(code: 'ok' | ErrorCode, durationMs: number): void {
    const trace = this.#trace?.traceId;
    const fields = { method: this.#name, caller: this.caller.id, code, durationMs };
    this.#dependencies.log.debug('rpc.call', trace === undefined ? fields : { ...fields, trace });
  }
}
