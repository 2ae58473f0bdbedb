/** A store that is gone with its process: for tests, tools and examples. Same semantics as the one on disk. */
import type { Clock } from '@plumb/base';
import { openKv } from './open-kv.ts';
import type { EngineRecord, KvEngine } from './kv-engine.ts';
import type { Kv } from './kv.ts';

/** Records of the engine by the hexadecimal text of their keys, which sorts as the bytes do. */
export type MemoryRecords = Map<string, EngineRecord>;

/** An engine that keeps its records in `records`, so that a second engine over the same map is a restart. */
export function createMemoryEngine(records: MemoryRecords = new Map()): KvEngine {
  return {
    async *load() {
      yield [...records].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
    },
    async write(batch) {
      for (const { key, value } of batch) {
        const name = Buffer.from(key).toString('hex');
        if (value === undefined) records.delete(name);
        else records.set(name, { key, value });
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** An empty store in memory. */
export async function openMemoryKv({ clock }: { readonly clock: Clock }): Promise<Kv> {
  return openKv(createMemoryEngine(), { clock });
}
