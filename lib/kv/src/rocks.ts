export { openRocksEngine, openRocksKv, type RocksEngineOptions, type RocksKvOptions } from './rocks-engine.ts';
export { restoreBackup, type RestoreOptions } from './restore-backup.ts';
