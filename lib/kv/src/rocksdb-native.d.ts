/** The part of `rocksdb-native` 3.18 that the engine uses; the package comes without types. */
declare module 'rocksdb-native' {
  type RocksWriteBatch = {
    readonly tryPut: (key: Uint8Array, value: Uint8Array) => void;
    readonly tryDelete: (key: Uint8Array) => void;
    /** Rejects with an error whose `cause` has a `code` such as `ENOSPC`. */
    readonly flush: () => Promise<void>;
    readonly destroy: () => void;
  };

  class RocksDB {
    constructor(
      path: string,
      options: {
        readonly maxBackgroundJobs: number;
        readonly maxFileOpeningThreads: number;
        /** Bytes of a memtable. */
        readonly writeBufferSize: number;
        readonly blockCache: boolean;
        readonly tableCacheIndexAndFilterBlocks: boolean;
        readonly filterPolicy: null;
        readonly walRecoveryMode: number;
      },
    );
    static readonly constants: { readonly walRecoveryMode: { readonly POINT_IN_TIME: number } };
    ready(): Promise<void>;
    close(): Promise<void>;
    get(key: Uint8Array): Promise<Buffer | null>;
    write(options: { readonly capacity: number }): RocksWriteBatch;
    iterator(
      range: { readonly gt?: Uint8Array },
      options: { readonly capacity: number },
    ): AsyncIterable<{ readonly key: Buffer; readonly value: Buffer }>;
    /** `path` is relative to the directory, with a leading slash. */
    currentWalFile(): Promise<{ readonly path: string }>;
  }

  export = RocksDB;
}
