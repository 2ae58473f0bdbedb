import { POINTER_BITS } from './dns-protocol.ts';

/** A name with what writing it needs, so that a name that is kept is worked out once. */
export type DnsName = {
  /** From the host to the root, in lower case; a character a byte. */
  readonly labels: readonly string[];
  /** The name from each label on, with dots: what it shares with other names. A label with a dot in it is in none. */
  readonly suffixes: readonly (string | undefined)[];
  /** Uncompressed, with the zero of the root. */
  readonly wire: Uint8Array;
};

/** Of labels that are not empty and of 63 bytes at most, 255 with their lengths. */
export function createDnsName(labels: readonly string[]): DnsName {
  const suffixes: (string | undefined)[] = [];
  let suffix: string | undefined = '';
  for (const label of labels.toReversed()) {
    // A dot inside a label would look like the border of two.
    suffix = suffix === undefined || label.includes('.') ? undefined : suffix === '' ? label : `${label}.${suffix}`;
    suffixes.unshift(suffix);
  }
  const wire = Buffer.alloc(labels.reduce((length, label) => length + 1 + label.length, 1));
  let offset = 0;
  for (const label of labels) {
    wire[offset] = label.length;
    wire.write(label, offset + 1, 'latin1');
    offset += 1 + label.length;
  }
  return { labels, suffixes, wire };
}

/** The two bytes that stand for the name at `offset` (RFC 1035, 4.1.4). */
export function pointerTo(offset: number): number {
  return (POINTER_BITS << 8) | offset;
}
