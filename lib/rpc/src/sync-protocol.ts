/**
 * What the thread that blocks and its worker say to each other, over a message port and a few shared integers: the port
 * carries the messages, the integers wake the thread that sleeps in `Atomics.wait`, which no message could.
 */
import type { MessagePort } from 'node:worker_threads';
import type { ErrorData } from '@plumb/base';
import type { Credentials } from './open-target.ts';
import type { Reference } from './protocol.ts';
import type { Targets } from './open-targets.ts';

export type SyncRequest =
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly method: string;
      readonly input: unknown;
      /** Functions in the input, numbered within the call. */
      readonly references?: readonly Reference[];
      readonly timeoutMs: number;
    }
  /** More items of the stream that answered call `id`; answered with `items` or `error`. */
  | { readonly kind: 'pull'; readonly id: number; readonly timeoutMs: number }
  /** Nobody wants the answer, or the rest of the stream. Not answered. */
  | { readonly kind: 'leave'; readonly id: number }
  /** What the function answered that was called by the `invoke` of the number `id`. */
  | { readonly kind: 'returned'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'threw'; readonly id: number; readonly error: ErrorData }
  | { readonly kind: 'close'; readonly id: number };

/** Each but `invoke` answers the request with its number; the first, with `OPENING_ID`, says whether there is a connection. */
export type SyncReply =
  | { readonly kind: 'value'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'items'; readonly id: number; readonly items: readonly unknown[]; readonly isEnd: boolean }
  | { readonly kind: 'error'; readonly id: number; readonly error: ErrorData }
  /** Calls a function that call `id` has given, and waits for `returned` or `threw`. */
  | {
      readonly kind: 'invoke';
      readonly id: number;
      readonly invocation: number;
      readonly ref: number;
      readonly args: readonly unknown[];
    }
  /** The worker ends, for a bug. */
  | { readonly kind: 'ended'; readonly id: typeof OPENING_ID; readonly reason: string };

export type SyncWorkerData = {
  readonly targets: Targets;
  readonly credentials: Credentials;
  readonly port: MessagePort;
  /** `SYNC_SLOTS` integers. */
  readonly shared: Int32Array<SharedArrayBuffer>;
  /** Where the compiled sources are kept, if they are. */
  readonly compileCache: string | undefined;
  /** For the entry, which cannot import them. */
  readonly slots: { readonly posted: typeof SLOT_POSTED; readonly ended: typeof SLOT_ENDED };
};

export const OPENING_ID = 0;

/** Grows by one with each reply, after it was posted. */
export const SLOT_POSTED = 0;
/** Grows while the worker's event loop turns. */
export const SLOT_BEAT = 1;
/** 1 once the worker has ended. */
export const SLOT_ENDED = 2;
export const SYNC_SLOTS = 3;

/** How often the worker shows that it lives. */
export const BEAT_PERIOD_MS = 250;
