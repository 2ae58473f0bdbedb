import { silentLog } from '@plumb/base';
import { kvSuite, openTemporaryDirectory } from '@plumb/testing';
import { openRocksKv } from './rocks-engine.ts';

kvSuite(
  'RocksDB',
  async () => {
    const directory = await openTemporaryDirectory();
    return {
      open: (options) => openRocksKv({ directory: directory.path, log: silentLog, ...options }),
      [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
    };
  },
  { runs: 20 },
);
