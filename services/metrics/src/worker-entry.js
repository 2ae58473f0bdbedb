// What the worker thread starts with. Plain JavaScript, since it must run before the first type is stripped: a thread has
// its own compile cache, and without it carries 25 MB of type stripper and starts three times as slowly.
import module from 'node:module';
import { workerData } from 'node:worker_threads';

if (workerData.compileCache !== undefined) module.enableCompileCache(workerData.compileCache);
await import('./worker.ts');
