/** What the processes of the benchmark tell each other over the channel of `fork`. */

/** All of these have the same number in each change set: who sees two of them has seen a torn one. */
export const BLOCK_KEYS = Array.from({ length: 10 }, (_, i) => `block.k${i}`);
/** What an application has besides. */
export const OTHER_KEYS = Array.from({ length: 200 }, (_, i) => `other.group${i % 10}.k${i}`);
export const APPLICATION = 'bench';

export type Environment = Readonly<Record<string, string>>;

/** When each number was in force, in ms of the system's monotonic clock, which all processes share. */
export type SubscriberReport = {
  readonly appliedAtMs: readonly (readonly [number, number])[];
  readonly torn: number;
  readonly checks: number;
  readonly rssBytes: number;
  /** Of all its threads, since it had its first values. */
  readonly cpuUs: number;
};

/** Of this process, from now on. */
export function createCpuMeter(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
}

export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Reads all keys over and over, in the turn of a change and in turns after it, and counts what does not fit together. */
export function createTornCheck(read: (key: string) => unknown): {
  readonly once: () => void;
  readonly often: () => void;
  readonly counts: () => { readonly torn: number; readonly checks: number };
} {
  let [torn, checks] = [0, 0];
  const checkOnce = (): void => {
    const first = read(BLOCK_KEYS[0] ?? '');
    checks += 1;
    if (BLOCK_KEYS.some((key) => read(key) !== first)) torn += 1;
  };
  const loop = (turns: number): void => {
    for (let i = 0; i < READS_PER_TURN; i += 1) checkOnce();
    if (turns > 0) setImmediate(loop, turns - 1);
  };
  return { once: checkOnce, often: () => loop(TURNS), counts: () => ({ torn, checks }) };
}

const READS_PER_TURN = 5;
const TURNS = 3;
