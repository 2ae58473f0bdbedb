export {
  type AgeKeys,
  type AgeReaders,
  decryptBytes,
  decryptStream,
  encryptBytes,
  encryptStream,
  isArmored,
} from './age.ts';
export { generateIdentity, IDENTITIES_MAX, parseIdentities, parseIdentity, recipientOf } from './identity.ts';
export { parseRecipient, parseRecipients, RECIPIENTS_MAX } from './recipient.ts';
export { openSealedValue, resealValue, type SealedPlace, sealValue } from './seal-value.ts';
export {
  isSealed,
  isWithheld,
  parseSealed,
  type SealableValue,
  SEALED_VALUE_BYTES_MAX,
  type SealedValue,
  WITHHELD_VALUE,
} from './sealed-value.ts';
export { Secret } from './secret.ts';
