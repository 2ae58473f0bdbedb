/**
 * Turns of the event loop. What runs without waiting for a timer or for I/O is one turn, however many promises it
 * awaits: a generator that has its items at hand yields many in one turn.
 */

/** Calls back when everything that is ready has run: the event loop then looks at I/O before it comes back. */
export function atTurnEnd(callback: () => void): void {
  if (typeof globalThis.setImmediate === 'function') {
    globalThis.setImmediate(callback);
    return;
  }
  // Browsers have no setImmediate, and delay timers that follow each other by 4 ms.
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener('message', () => {
    port1.close();
    callback();
  });
  port1.start();
  port2.postMessage(undefined);
}

/** When a message leaves: in the next microtask, or together with what else is sent until the turn ends. */
export type SendTiming = 'soon' | 'turn-end';

/** Plans `flush` for a message that was put in its batch. A later message that must leave soon takes all with it. */
export function createFlushPlan(flush: () => void): (timing: SendTiming) => void {
  let isDueSoon = false;
  let isDueAtTurnEnd = false;
  return (timing) => {
    if (timing === 'soon' && !isDueSoon) {
      isDueSoon = true;
      queueMicrotask(() => {
        isDueSoon = false;
        flush();
      });
    } else if (timing === 'turn-end' && !isDueAtTurnEnd) {
      isDueAtTurnEnd = true;
      atTurnEnd(() => {
        isDueAtTurnEnd = false;
        flush();
      });
    }
  };
}
