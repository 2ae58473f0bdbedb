/** The server of the etcd benchmark: the door over RocksDB, in a process of its own. Tells its port; ends with whoever asked for it. */
import { silentLog, systemClock as clock } from '@plumb/base';
import { openRocksKv } from '@plumb/kv/rocks';
import { openEtcdDoor } from '../src/doors/etcd/open-etcd-door.ts';

const [directory = ''] = process.argv.slice(2);
const kv = await openRocksKv({ directory, clock, log: silentLog });
const ended = new AbortController().signal;
const door = await openEtcdDoor({
  kv,
  authenticate: async () => ({ kind: 'known', caller: { id: 'bench', scopes: ['*'] }, ended }),
  port: 0,
  hostName: 'bench',
  identity: 'bench',
  clock,
  log: silentLog,
});
process.send?.(door.port);
process.once('disconnect', () => {
  void door[Symbol.asyncDispose]().then(() => kv[Symbol.asyncDispose]());
});
