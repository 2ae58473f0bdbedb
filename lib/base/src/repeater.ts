export type Repeater = {
  /** Asks for a run: at once, or after the one that is under way. Any number of requests during a run are one more run. */
  readonly request: () => void;
  /** Resolves when no run is under way. */
  readonly whenIdle: () => Promise<void>;
};

/**
 * Work that looks at the whole present state each time, so that it need not be done for every change but after the last
 * one. Runs do not overlap. `work` must not reject.
 */
export function createRepeater(work: () => Promise<void>): Repeater {
  let isRequested = false;
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    while (isRequested) {
      isRequested = false;
      await work();
    }
    running = undefined;
  };
  return {
    request() {
      isRequested = true;
      running ??= run();
    },
    whenIdle: async () => {
      await running;
    },
  };
}
