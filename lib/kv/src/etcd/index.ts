export type { EtcdCredentials, EtcdTls } from './etcd-client.ts';
export { type EtcdKvOptions, openEtcdKv } from './etcd-kv.ts';
