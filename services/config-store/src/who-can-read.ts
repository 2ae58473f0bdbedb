/** Who can open a secret, and who should: what it is sealed to, joined with who owns what. Pure. */
import type { SealedValue } from '@plumb/config/feed';
import type { ConfigRecipient } from './contract/access.ts';
import { recipientsFor } from './recipient-scope.ts';

export type SealedAt = { readonly key: string; readonly layer: string; readonly value: SealedValue };

export type SecretReaders = {
  readonly key: string;
  readonly layer: string;
  readonly owners: string[];
  readonly unknown: string[];
  readonly missing: string[];
  readonly surplus: string[];
};

/**
 * An owner with several recipients can read by any of them: `missing` are owners of whose recipients for this place none is
 * in it, `surplus` those who can read it, but by none that is for this place. All lists are sorted.
 */
export function readersOf(
  application: string,
  { key, layer, value }: SealedAt,
  recipients: readonly ConfigRecipient[],
): SecretReaders {
  const sealedTo = new Set(value.to);
  const able = recipients.filter(({ recipient }) => sealedTo.has(recipient));
  const wanted = recipientsFor(recipients, application, layer);
  const owners = new Set(able.map(({ owner }) => owner));
  const entitled = new Set(wanted.map(({ owner }) => owner));
  const known = new Set(able.map(({ recipient }) => recipient));
  return {
    key,
    layer,
    owners: [...owners].sort(),
    unknown: [...sealedTo].filter((recipient) => !known.has(recipient)).sort(),
    missing: [...entitled]
      .filter((owner) => !wanted.some((one) => one.owner === owner && sealedTo.has(one.recipient)))
      .sort(),
    surplus: [...owners]
      .filter((owner) => !wanted.some((one) => one.owner === owner && sealedTo.has(one.recipient)))
      .sort(),
  };
}
