/** What plain values are, for whoever carries them otherwise than as CBOR. Safe in a browser. */
export { ERROR_CAUSES_MAX, type ErrorFields, errorFields, errorFromFields } from './error-fields.ts';
export { isPlainObject, isTooGreat, type PlainFormat, unfitError } from './find-fault.ts';
export { PLAIN_DEPTH_MAX } from './plain-limits.ts';
