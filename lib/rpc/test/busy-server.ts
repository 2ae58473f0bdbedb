// A program that serves RPC and can be made busy: started by liveness.system.test.ts with the addresses to listen at.
import { silentLog, systemClock } from '@plumb/base';
import { createDispatcher } from '../src/index.ts';
import { generateKeyPair, listenZeromq } from '../src/node.ts';

let acceptedCount = 0;
const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
dispatcher.addObject('busy', {
  /** Holds the event loop up. */
  hold(ms: number): string {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    return `held for ${ms} ms`;
  },
  add: (a: number, b: number) => a + b,
  accepted: () => acceptedCount,
});
const keys = generateKeyPair();
const everybody = { id: 'tester', scopes: ['*'] };
const server = await listenZeromq({
  addresses: process.argv.slice(2),
  authenticate: async () => everybody,
  curve: { secretKey: keys.secretKey, identify: async () => everybody },
  accept(channel, caller) {
    acceptedCount += 1;
    dispatcher.accept(channel, caller);
  },
  log: silentLog,
  clock: systemClock,
});
process.send?.({ addresses: server.addresses, serverKey: keys.publicKey });
