/**
 * What runs on one channel and how it goes, told from the messages that pass: how many calls and streams are under
 * way, how long calls take, and how each ends. It changes no message and keeps none.
 */
import { type Clock, type ErrorCode, isErrorCode } from '@plumb/base';
import { CallTable } from './call-table.ts';
import type { Channel, Message } from './channel.ts';

/** Answers that speak against the instance that gave them. All others show that it works: it is the caller who erred. */
const FAILURES: ReadonlySet<ErrorCode> = new Set(['unavailable', 'deadline', 'exhausted', 'internal']);

/** A call that its caller gives up this near to its deadline ran out of time; earlier, the caller had enough. */
const DEADLINE_TOLERANCE_MS = 5;

/** The weight of the latest call in the latency: about the last ten calls decide. */
const LATENCY_WEIGHT = 0.2;

/** One that answers in less than this part of the time of another is the better of the two. */
const CLEARLY_FASTER = 0.5;

/** What was learned of an instance that is not asked any more fades with this, so that it is tried again. */
const LATENCY_FADES_MS = 10_000;

export type CallEnd = { readonly isFailure: boolean; readonly startedAtMs: number };

type RunningCall = { readonly startedAtMs: number; readonly deadlineMs: number; readonly isStream: boolean };

export class CallMeter {
  readonly #clock: Clock;
  readonly #onEnd: (end: CallEnd | undefined) => void;
  readonly #running = new CallTable<RunningCall>();
  #streamCount = 0;
  #latencyMs: number | undefined;
  #lastAnswerAtMs = -Infinity;

  /** `onEnd` hears of each call that ends; of one that its caller gave up, which tells nothing, without an end. */
  constructor(clock: Clock, onEnd: (end: CallEnd | undefined) => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  /** Calls under way that are answered once. */
  get callCount(): number {
    return this.#running.size - this.#streamCount;
  }

  get streamCount(): number {
    return this.#streamCount;
  }

  /** Of calls of late; undefined until one is answered. */
  get latencyMs(): number | undefined {
    return this.#latencyMs;
  }

  /** Whether it answers in less than half the time of `other`, whose figure fades while it is not asked. */
  isClearlyFaster({ latencyMs: slowMs, lastAnswerAtMs }: CallMeter): boolean {
    const fastMs = this.#latencyMs;
    if (fastMs === undefined || slowMs === undefined || fastMs >= slowMs * CLEARLY_FASTER) return false;
    const idleMs = this.#clock.monotonicMs() - lastAnswerAtMs;
    return fastMs < slowMs * Math.exp(-idleMs / LATENCY_FADES_MS) * CLEARLY_FASTER;
  }

  get lastAnswerAtMs(): number {
    return this.#lastAnswerAtMs;
  }

  /** The channel to use in place of `channel`. */
  attach(channel: Channel): Channel {
    return {
      ...channel,
      send: (message, timing) => {
        channel.send(message, timing);
        this.#sent(message);
      },
      receive: (onMessage) =>
        channel.receive((message) => {
          onMessage(message);
          // Afterwards: who hears that it was the last call may close the channel.
          this.#received(message);
        }),
    };
  }

  #sent({ kind, id, deadlineMs, credit }: Message): void {
    if (kind === 'call') {
      const isStream = credit !== undefined;
      if (isStream) this.#streamCount += 1;
      const startedAtMs = this.#clock.monotonicMs();
      this.#running.add(id as number, {
        startedAtMs,
        deadlineMs: (deadlineMs as number | undefined) ?? Infinity,
        isStream,
      });
    } else if (kind === 'cancel') {
      const call = this.#remove(id);
      if (call === undefined) return;
      const leftMs = call.startedAtMs + call.deadlineMs - this.#clock.monotonicMs();
      this.#onEnd(leftMs < DEADLINE_TOLERANCE_MS ? { isFailure: true, startedAtMs: call.startedAtMs } : undefined);
    }
  }

  #received({ kind, id, error }: Message): void {
    if (kind !== 'result' && kind !== 'end' && kind !== 'error') return;
    const call = this.#remove(id);
    if (call === undefined) return;
    const { startedAtMs, isStream } = call;
    if (kind === 'result' && !isStream) this.#learnLatency(startedAtMs);
    const code = (error as { readonly code?: unknown } | undefined)?.code;
    this.#onEnd({ isFailure: kind === 'error' && isErrorCode(code) && FAILURES.has(code), startedAtMs });
  }

  #remove(id: unknown): RunningCall | undefined {
    const call = this.#running.delete(id as number);
    if (call?.isStream === true) this.#streamCount -= 1;
    return call;
  }

  #learnLatency(startedAtMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    const sampleMs = nowMs - startedAtMs;
    this.#latencyMs = sampleMs * LATENCY_WEIGHT + (this.#latencyMs ?? sampleMs) * (1 - LATENCY_WEIGHT);
    this.#lastAnswerAtMs = nowMs;
  }
}
