/** What `faults.system.test.ts` and its child processes say to each other. */

/** One answer of 4 MB: many frames of TCP, and one of ZeroMQ. */
export const LARGE_BYTES = 4_000_000;
/** Together far more than a server may keep for one client that does not read. */
export const LARGE_CALLS = 400;
export const ITEM_BYTES = 10_000;
export const HANG_CALLS = 1_000;

export type FaultMethods = {
  readonly large: (n: number) => Uint8Array;
  readonly items: () => AsyncIterable<{ readonly n: number; readonly filler: Uint8Array }>;
  readonly memory: () => { readonly rssBytes: number };
  /** Never answers. */
  readonly hang: () => Promise<void>;
};

/** What a child tells its parent. */
export type Told =
  | { readonly kind: 'address'; readonly address: string }
  /** It has sent all its calls. */
  | { readonly kind: 'asked' }
  /** How each call ended: `ok`, `wrong`, or the code of its error. */
  | { readonly kind: 'ended'; readonly outcomes: readonly string[] }
  /** Items so far. */
  | { readonly kind: 'read'; readonly count: number }
  /** An item that did not come. */
  | { readonly kind: 'lost'; readonly n: number };

export function isLarge(answer: unknown, n: number): boolean {
  return answer instanceof Uint8Array && answer.length === LARGE_BYTES && answer.every((byte) => byte === n % 256);
}
