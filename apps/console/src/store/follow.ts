/** Reads a stream for as long as the page wants it. */
import { type Clock, describeError, type Random } from '@plumb/base';
import { resubscribe } from '@plumb/rpc';

/** Time and chance, as the code below the pages gets them. */
export type World = { readonly clock: Clock; readonly random: Random };

export type Following<T> = {
  readonly subscribe: (signal: AbortSignal) => AsyncIterable<T>;
  readonly onItem: (item: T) => void;
  /** The stream cannot be had, for a reason that waiting does not cure; it is not asked for again. */
  readonly onRefused: (message: string) => void;
  readonly signal: AbortSignal;
  readonly world: World;
};

/** Subscribes again whenever the stream breaks; each begins with a snapshot, so nothing is missed. Resolves when `signal` aborts. */
export async function follow<T>({ subscribe, onItem, onRefused, signal, world }: Following<T>): Promise<void> {
  try {
    for await (const item of resubscribe(subscribe, { ...world, signal })) {
      if (signal.aborted) return;
      onItem(item);
    }
  } catch (error) {
    if (!signal.aborted) onRefused(describeError(error));
  }
}
