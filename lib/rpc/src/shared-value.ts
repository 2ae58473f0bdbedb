/**
 * One value that many streams send: each encoding of it is made once, when the first channel asks, and then written as
 * it is. Channels know it as the `value` of a message, nowhere deeper. What a reader gets is the plain value.
 */
import type { Message } from './channel.ts';

export class SharedValue<T = unknown> {
  /** Must not change any more. */
  readonly value: T;
  /** Roughly, encoded: what the credit of a stream counts. */
  readonly sizeBytes: number;
  #cbor: Uint8Array | undefined;
  #json: string | undefined;

  constructor(value: T, sizeBytes: number) {
    this.value = value;
    this.sizeBytes = sizeBytes;
  }

  cbor(encode: (value: T) => Uint8Array): Uint8Array {
    return (this.#cbor ??= encode(this.value));
  }

  json(encode: (value: T) => string): string {
    return (this.#json ??= encode(this.value));
  }
}

export function plainValue<T>(value: T | SharedValue<T>): T {
  return value instanceof SharedValue ? value.value : value;
}

/** The shared value of a message, if it has one. What is no message at all has none. */
export function sharedValueOf(message: Message | null | undefined): SharedValue | undefined {
  const value = message?.['value'];
  return value instanceof SharedValue ? value : undefined;
}

/** The message with its plain value, for channels that copy objects rather than encode them. */
export function plainMessage(message: Message): Message {
  const shared = sharedValueOf(message);
  return shared === undefined ? message : { ...message, value: shared.value };
}
