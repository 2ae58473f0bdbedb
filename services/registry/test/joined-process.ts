/** A program that joins and serves; told to, it holds its event loop up. Started by tests, with `fork`. */
import { serve } from '@plumb/rpc/node';
import { joinRegistry } from '../src/instance.ts';

const plumb = await joinRegistry({ environment: process.env });
const methods = {
  add: (a: number, b: number) => a + b,
  hold: (lengthMs: number) => {
    const endAt = performance.now() + lengthMs;
    while (performance.now() < endAt) continue;
  },
};
const server = await serve({ name: plumb.service, methods, at: plumb.at, keys: plumb.keys, callers: plumb.callers });
const port = Number(server.addresses[0]?.split(':').at(-1));
await plumb.announce({ port });
process.send?.({ port });
process.once('disconnect', () => {
  void plumb[Symbol.asyncDispose]().then(() => server[Symbol.asyncDispose]());
});
