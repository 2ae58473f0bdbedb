import { decodeCbor } from '@plumb/cbor';
import { expect, test } from 'vitest';
import { encodeMessage } from '../test/encode-message.ts';
import { createChannelPair } from './channel-pair.ts';
import { itemCost } from './item-cost.ts';
import { decodeJson, encodeJson } from './json-codec.ts';
import { plainMessage, SharedValue } from './shared-value.ts';

const value = { kind: 'updates', topics: ['a', 'ż'], values: [1, { deep: [null] }] };
const messages = [
  { kind: 'item', id: 7, value, cost: 12 },
  { kind: 'item', id: 2 ** 40, value },
];

test('a message with a shared value reads as the message with the plain one, in every encoding', async () => {
  for (const message of messages) {
    const shared = { ...message, value: new SharedValue(message.value, 100) };
    expect(decodeCbor(encodeMessage(shared))).toEqual(message);
    expect(decodeJson(encodeJson(shared))).toEqual(message);
    expect(plainMessage(shared)).toEqual(message);
    const [near, far] = createChannelPair();
    const received = new Promise((resolve) => far.receive(resolve));
    near.send(shared);
    expect(await received).toEqual(message);
  }
});

test('a message without a shared value is encoded as ever', () => {
  for (const message of [...messages, { kind: 'end', id: 3 }]) {
    expect(decodeCbor(encodeMessage(message))).toEqual(message);
    expect(decodeJson(encodeJson(message))).toEqual(message);
    expect(plainMessage(message)).toBe(message);
  }
});

test('each encoding is made once, whoever asks', () => {
  let reads = 0;
  const counted = {
    get field() {
      reads += 1;
      return 'read';
    },
  };
  const shared = new SharedValue(counted, 10);
  const check = (encode: (id: number) => unknown): void => {
    const before = reads;
    expect(encode(1)).toEqual({ id: 1, value: { field: 'read' } });
    const after = reads;
    expect(after).toBeGreaterThan(before);
    expect(encode(2)).toEqual({ id: 2, value: { field: 'read' } });
    expect(reads).toBe(after);
  };
  check((id) => decodeCbor(encodeMessage({ id, value: shared })));
  check((id) => decodeJson(encodeJson({ id, value: shared })));
});

test('what cannot be carried is refused, shared or not', () => {
  const shared = new SharedValue({ at: new Map() }, 10);
  expect(() => encodeJson({ id: 1, value: shared })).toThrow('JSON cannot carry a Map');
  expect(() => encodeMessage({ id: 1, value: new SharedValue(() => 1, 10) })).toThrow('function');
});

test('a shared value costs the credit of the size that it was made with', () => {
  expect([100, 2_048, 2_049, 2 ** 30].map((size) => itemCost(new SharedValue('', size), 2_048))).toEqual([
    1, 1, 2, 512,
  ]);
});
