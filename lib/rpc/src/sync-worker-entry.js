// What the worker of a blocking client starts with. Plain JavaScript, since it must run before the first type is stripped:
// a thread has its own compile cache, and without it carries a type stripper and starts three times as slowly.
//
// Who waits in `Atomics.wait` hears no event: that this thread has ended is written where it looks.
import module from 'node:module';
import { workerData } from 'node:worker_threads';

const { compileCache, port, shared, slots } = workerData;
process.on('uncaughtExceptionMonitor', (error) => port.postMessage({ kind: 'ended', id: 0, reason: error.message }));
process.on('exit', () => {
  Atomics.store(shared, slots.ended, 1);
  Atomics.add(shared, slots.posted, 1);
  Atomics.notify(shared, slots.posted);
});
if (compileCache !== undefined) module.enableCompileCache(compileCache);
await import('./sync-worker.ts');
