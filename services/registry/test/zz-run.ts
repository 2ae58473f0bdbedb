import { silentLog, systemClock, createLog } from '@plumb/base';
import { openMemoryKv } from '@plumb/kv';
import { openEtcdDoor } from '/work/main/services/registry/src/doors/etcd/open-etcd-door.ts';
const kv = await openMemoryKv({ clock: systemClock });
const log = createLog((l, e, f) => process.stderr.write(`${l} ${e} ${JSON.stringify(f)}\n`));
const never = new AbortController().signal;
const door = await openEtcdDoor({ kv, clock: systemClock, log, port: Number(process.argv[2] ?? 0), hostName: 'here', identity: 'x',
  authenticate: async (t) => t === 'secret' ? { kind: 'known', caller: { id: 'a', scopes: ['*'] }, ended: never } : { kind: 'unknown' } });
process.stdout.write(`${door.port}\n`);
