/** What an answer is made of, before it is bytes. */
import type { DnsName } from './dns-name.ts';
import type { RcodeName, RECORD_TYPE } from './dns-protocol.ts';

export type DnsRecord = { readonly name: DnsName; readonly ttlS: number } & (
  | { readonly type: typeof RECORD_TYPE.A | typeof RECORD_TYPE.AAAA; readonly address: Uint8Array }
  | { readonly type: typeof RECORD_TYPE.NS; readonly target: DnsName }
  | {
      readonly type: typeof RECORD_TYPE.SRV;
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: DnsName;
    }
  | {
      readonly type: typeof RECORD_TYPE.TXT | typeof RECORD_TYPE.HINFO;
      /** At most `TEXTS_MAX`, each of 255 bytes at most. */
      readonly texts: readonly Uint8Array[];
    }
  | {
      readonly type: typeof RECORD_TYPE.SOA;
      readonly server: DnsName;
      readonly mailbox: DnsName;
      /** Serial, refresh, retry, expire, and for how many seconds "there is none" may be believed (RFC 2308). */
      readonly numbers: readonly [number, number, number, number, number];
    }
);

/** Texts of one record. */
export const TEXTS_MAX = 8;

export type DnsAnswer = {
  readonly rcode: RcodeName;
  /** What was asked for, where it is there. */
  readonly service?: string | undefined;
  /** Whether this server is the one to say so: it is for everything in its zone. */
  readonly isAuthoritative: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  /** What saves the client a question; left out where there is no room. */
  readonly additional: readonly DnsRecord[];
};

/** An answer that says no more than its code. */
export function bareAnswer(rcode: RcodeName): DnsAnswer {
  return { rcode, isAuthoritative: false, answers: [], authority: [], additional: [] };
}
