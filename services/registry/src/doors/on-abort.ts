const callbacksOf = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `callback` when `signal` aborts, at once if it has, unless the result is disposed before. For signals that thousands
 * wait for, such as that of a credential: Node looks through all listeners of a signal for each that is added or removed.
 */
export function onAbort(signal: AbortSignal, callback: () => void): Disposable {
  if (signal.aborted) callback();
  const callbacks = callbacksOf.get(signal) ?? listen(signal);
  // One of its own, so that the same function may wait twice.
  const own = (): void => callback();
  if (!signal.aborted) callbacks.add(own);
  return { [Symbol.dispose]: () => void callbacks.delete(own) };
}

function listen(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>();
  callbacksOf.set(signal, callbacks);
  signal.addEventListener('abort', () => {
    for (const callback of callbacks) callback();
    callbacks.clear();
  });
  return callbacks;
}
