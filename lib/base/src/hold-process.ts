/** The longest that a timer takes. It does nothing when it goes off. */
const PERIOD_MS = 2_147_483_647;

/**
 * Keeps the program running until it is disposed of. Timers of a `Clock` do not, so a program that waits for nothing but
 * the next try of something would end before it.
 */
export function holdProcess(): Disposable {
  const timer = setInterval(() => undefined, PERIOD_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
