/** A program that joins and serves; told to, by a call or a message, it holds its event loop up. Started by tests, with `fork`. */
import { serve } from '@plumb/rpc/node';
import { joinRegistry } from '../src/instance.ts';

const plumb = await joinRegistry({ environment: process.env });
const methods = {
  add: (a: number, b: number) => a + b,
  // As a long computation does, without a core of the machine.
  hold: (lengthMs: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lengthMs),
};
const server = await serve({ name: plumb.service, methods, at: plumb.at, keys: plumb.keys, callers: plumb.callers });
const port = Number(server.addresses[0]?.split(':').at(-1));
await plumb.announce({ port });
process.send?.({ port });
process.on('message', ({ holdMs }: { readonly holdMs: number }) => methods.hold(holdMs));
process.once('disconnect', () => {
  void plumb[Symbol.asyncDispose]().then(() => server[Symbol.asyncDispose]());
});
