/** What the door must know of the dictionary: the services that are there, and their ready instances. */
import type { DnsName } from './dns-name.ts';

export type DnsInstance = {
  /** `LABEL.SERVICE.service.plumb`. */
  readonly name: DnsName;
  readonly port: number;
  /** Four or sixteen bytes. Absent where the instance gave the name of a host. */
  readonly address: Uint8Array | undefined;
  /** The name that it gave in place of an address. */
  readonly hostName: DnsName | undefined;
  /** What TXT says, such as `release=…`. */
  readonly texts: readonly Uint8Array[];
};

export type DnsService = {
  /** In no order that matters; the same array until something changes. */
  readonly instances: () => readonly DnsInstance[];
  /** Of their addresses those of four or of sixteen bytes, each once, however many instances share it. */
  readonly addresses: (sizeBytes: 4 | 16) => readonly Uint8Array[];
  readonly find: (label: string) => DnsInstance | undefined;
};

export type DnsSource = {
  /** Undefined where the dictionary has no such service. */
  readonly service: (name: string) => DnsService | undefined;
  /** Grows with each change. Undefined while the dictionary is not known: nothing can be answered then. */
  readonly revision: () => number | undefined;
};
