import { openPublishBench, type PublishBench, type PublishMeasured, type PublishRound } from './publish-load.ts';

export const SUBSCRIBERS = 100;
/** Changes of one turn: as many come together where a publisher is as busy as this. */
const TURN_CHANGES = 64;

/** The benches of several peers, which wait while others are measured. */
export type PublishBenches = Disposable & {
  /** What matters of each for speed. */
  readonly settings: Readonly<Record<string, string>>;
  /** Each once, in an order that turns. */
  readonly run: (round: number) => Promise<PublishRound>;
};

/** Leaves out what the machine lacks, and says so. */
export async function openPublishBenches(peers: readonly string[], periodMs: number): Promise<PublishBenches> {
  using opened = new DisposableStack();
  const benches: PublishBench[] = [];
  const options = { subscriberCount: SUBSCRIBERS, processCount: 1, periodMs, turnChanges: TURN_CHANGES };
  for (const peer of peers) {
    const bench = await openPublishBench(peer, options);
    if (typeof bench === 'string') process.stderr.write(`left out: ${peer}: ${bench}\n`);
    else benches.push(opened.use(bench));
  }
  const all = opened.move();
  return {
    settings: Object.fromEntries(benches.map(({ peer, settings }) => [`${peer}, publishing`, settings])),
    async run(round) {
      const measured: Record<string, PublishMeasured> = {};
      for (let i = 0; i < benches.length; i += 1) {
        const bench = benches[(i + round) % benches.length] as PublishBench;
        measured[bench.peer] = await bench.run();
      }
      return measured;
    },
    [Symbol.dispose]: () => all.dispose(),
  };
}
