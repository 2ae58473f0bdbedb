import { kvSuite } from '@plumb/testing';
import { createMemoryEngine } from './memory-engine.ts';
import { openKv } from './open-kv.ts';

kvSuite(
  'memory',
  async () => {
    const records = new Map();
    return {
      open: (options) => openKv(createMemoryEngine(records), options),
      [Symbol.asyncDispose]: async () => records.clear(),
    };
  },
  { runs: 100 },
);
