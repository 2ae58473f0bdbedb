/**
 * Makes calls of `run` follow each other: the result resolves after a run that began at or after the call, and calls
 * that wait share one. `run` must not reject.
 */
export function coalesce(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let waiting: Promise<void> | undefined;
  const start = (): Promise<void> => {
    waiting = undefined;
    running = run().finally(() => {
      if (waiting === undefined) running = undefined;
    });
    return running;
  };
  return () => {
    if (running === undefined) return start();
    waiting ??= running.then(start);
    return waiting;
  };
}
