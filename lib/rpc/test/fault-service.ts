/** What the servers of a world with faults offer: every kind of call, each of which checks what it is given. */
import { OperatingError, sleep } from '@plumb/base';
import type { ProcessClock } from '@plumb/testing';
import * as v from 'valibot';
import {
  type Call,
  callback,
  type Client,
  type Contract,
  createPublisher,
  type Handlers,
  type Publisher,
  streamOf,
  subscribeMethod,
} from '../src/index.ts';
import { faultItem, fillerOf, itemsOf } from './fault-items.ts';
import type { FaultLedger, Opened } from './fault-ledger.ts';

const call = v.number();
const count = v.number();
const delayMs = v.number();
const work = v.object({
  call,
  delayMs,
  /** Of the answer. */
  sizeBytes: v.number(),
  /** Goes on when its signal aborts, as code does that does not look. */
  isDeaf: v.boolean(),
  failure: v.optional(v.picklist(['conflict', 'unavailable', 'exhausted'])),
});
const answer = v.object({ call: v.number(), filler: v.instance(Uint8Array) });

/** A published value: which run of a server said so, and how often it had set this topic then. */
export type Published = { readonly run: string; readonly count: number };

export const faultContract = {
  once: { input: work, output: answer },
  safe: { input: work, output: answer, idempotent: true },
  /** Ends only when it is told to. */
  hang: { input: v.object({ call }), output: v.null() },
  count: { input: v.object({ call, count, sizeBytes: v.number(), delayMs }), output: faultItem, stream: true },
  sum: { input: v.object({ call, count, delayMs, items: streamOf(faultItem) }), output: v.number() },
  each: {
    input: v.object({ call, count, delayMs, isParallel: v.boolean(), visit: callback([v.number()], v.number()) }),
    output: v.number(),
  },
  relay: { input: v.object({ call, count, items: streamOf(faultItem) }), output: faultItem, stream: true },
  /** Makes the call `inner` elsewhere. */
  hop: { input: v.object({ call, inner: call, passesSignal: v.boolean() }), output: answer },
  watch: subscribeMethod<Published>(),
} as const satisfies Contract;

export type FaultService = {
  readonly handlers: Handlers<typeof faultContract>;
  readonly publisher: Publisher<Published>;
};

export type FaultServiceOptions = {
  /** What this server calls. */
  readonly next: Pick<Client<typeof faultContract>, 'once'>;
  readonly where: string;
  readonly clock: ProcessClock;
  readonly ledger: FaultLedger;
};

/** Small, so that readers fall behind it. */
const LOG_ENTRIES_MAX = 40;
const BATCH_ENTRIES_MAX = 8;
/** Timers run at their time. */
const SLACK_MS = 1;

export function createFaultService({ where, clock, ledger, next }: FaultServiceOptions): FaultService {
  const publisher = createPublisher<Published>({
    clock,
    epoch: where,
    limits: { logEntriesMax: LOG_ENTRIES_MAX, batchEntriesMax: BATCH_ENTRIES_MAX },
  });
  /** Whoever listens to its signal has ended by its deadline, of the time that its process had. */
  const begin = (what: string, { signal, deadlineAtMs = Infinity }: Call, { isDeaf = false } = {}): Opened => {
    const stoppedMs = clock.stoppedMs();
    const running = ledger.open(what, where, { signal });
    return {
      close() {
        if (!running.close()) return false;
        const lateMs = clock.monotonicMs() - (clock.stoppedMs() - stoppedMs) - deadlineAtMs;
        ledger.check(isDeaf || lateMs <= SLACK_MS, () => `${what} in ${where} ended ${lateMs} ms after its deadline`);
        return true;
      },
    };
  };
  const run = async (
    { call, delayMs, sizeBytes, isDeaf, failure }: v.InferOutput<typeof work>,
    context: Call,
  ): Promise<v.InferOutput<typeof answer>> => {
    const handler = begin(`call ${call}`, context, { isDeaf });
    const { signal } = context;
    await sleep(clock, delayMs, isDeaf ? undefined : signal);
    handler.close();
    if (failure !== undefined) throw new OperatingError(failure, `call ${call} was told to fail`);
    return { call, filler: fillerOf(call, sizeBytes) };
  };

  const handlers: Handlers<typeof faultContract> = {
    async once(input, context) {
      ledger.run(input.call, where);
      const runs = ledger.runsOf(input.call);
      ledger.check(runs === 1, () => `call ${input.call} is not idempotent and ran ${runs} times`);
      return run(input, context);
    },
    async safe(input, context) {
      const runs = ledger.run(input.call, where);
      // What it answered is not remembered where a retry may cure it.
      const isRemembered = input.failure === undefined || input.failure === 'conflict';
      ledger.check(
        runs === 1 || !isRemembered,
        () => `the idempotent call ${input.call} ran ${runs} times in ${where}`,
      );
      if (runs > 1) ledger.count('a failed call was made again on the same server');
      return run(input, context);
    },
    async hang({ call }, context) {
      const { signal } = context;
      const runs = ledger.run(call, where);
      ledger.check(runs === 1, () => `call ${call} ran ${runs} times`);
      const handler = begin(`the hanging call ${call}`, context);
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      handler.close();
      return null;
    },
    async *count({ call, count, sizeBytes, delayMs }, context) {
      const runs = ledger.run(call, where);
      ledger.check(runs === 1, () => `the stream ${call} ran ${runs} times`);
      // A deadline would be for the first item.
      const generator = begin(`the stream ${call}`, context, { isDeaf: true });
      try {
        yield* itemsOf({ count, sizeBytes, delayMs, clock });
      } finally {
        generator.close();
      }
    },
    async sum({ call, count, delayMs, items }, context) {
      ledger.check(ledger.run(call, where) === 1, () => `the client stream ${call} ran twice`);
      const handler = begin(`the client stream ${call}`, context);
      try {
        let next = 0;
        for await (const { n } of items) {
          ledger.check(n === next, () => `the client stream ${call} has ${n} in place of ${next}`);
          next = n + 1;
          if (delayMs > 0) await sleep(clock, delayMs, context.signal);
        }
        ledger.check(next === count, () => `the client stream ${call} of ${count} ended after ${next} in good order`);
        return next;
      } finally {
        handler.close();
      }
    },
    async each({ call, count, delayMs, isParallel, visit }, context) {
      ledger.check(ledger.run(call, where) === 1, () => `the call with a callback ${call} ran twice`);
      const handler = begin(`the call with a callback ${call}`, context);
      const visitOne = async (n: number): Promise<void> => {
        const double = await visit(n);
        ledger.check(double === 2 * n, () => `call ${call}: a callback answered ${double} for ${n}`);
      };
      try {
        const all: Promise<void>[] = [];
        for (let n = 0; n < count; n += 1) {
          const visiting = visitOne(n);
          // Awaited below, which may be too late to be the first who handles it.
          visiting.catch(() => undefined);
          all.push(visiting);
          if (!isParallel) await visiting;
          if (delayMs > 0) await sleep(clock, delayMs, context.signal);
        }
        await Promise.all(all);
        return count;
      } finally {
        handler.close();
      }
    },
    async *relay({ call, count, items }, context) {
      ledger.check(ledger.run(call, where) === 1, () => `the relay ${call} ran twice`);
      const generator = begin(`the relay ${call}`, context);
      try {
        let next = 0;
        for await (const item of items) {
          ledger.check(item.n === next, () => `the relay ${call} has ${item.n} in place of ${next}`);
          next = item.n + 1;
          yield item;
        }
        ledger.check(next === count, () => `the relay ${call} of ${count} ended after ${next} in good order`);
      } finally {
        generator.close();
      }
    },
    async hop({ call, inner, passesSignal }, context) {
      ledger.check(ledger.run(call, where) === 1, () => `the hop ${call} ran twice`);
      const handler = begin(`the hop ${call}`, context);
      try {
        const input = { call: inner, delayMs: 20, sizeBytes: 10, isDeaf: false };
        return await next.once(input, passesSignal ? { signal: context.signal } : {});
      } finally {
        handler.close();
      }
    },
    watch: publisher.feed,
  };
  return { handlers, publisher };
}
