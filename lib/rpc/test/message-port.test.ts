import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { createConnection, createMessagePortChannel } from '../src/index.ts';
import { rpcSuite } from './rpc-suite.ts';
import { RICH_VALUES } from './values.ts';

rpcSuite(
  'message port',
  async (dispatcher, caller) => {
    const { port1, port2 } = new MessageChannel();
    dispatcher.accept(createMessagePortChannel(port2), caller);
    const connection = createConnection(createMessagePortChannel(port1));
    return { connection, cut: () => port2.close(), [Symbol.asyncDispose]: async () => connection.close() };
  },
  { values: RICH_VALUES },
);

test('a thread that does not read has its channel closed', () => {
  const { port1, port2 } = new MessageChannel();
  const channel = createMessagePortChannel(port1);
  for (let i = 0; i < 65_536; i += 1) channel.send({ kind: 'x' });
  expect(channel.closed.aborted).toBe(false);
  channel.send({ kind: 'x' });
  expect(channel.closed.reason).toMatchObject({ code: 'exhausted' });
  port2.close();
});

test('a thread that reads may be sent any number of messages', async () => {
  const { port1, port2 } = new MessageChannel();
  const [near, far] = [createMessagePortChannel(port1), createMessagePortChannel(port2)];
  let receivedCount = 0;
  far.receive(() => (receivedCount += 1));
  for (let round = 0; round < 10; round += 1) {
    for (let i = 0; i < 10_000; i += 1) near.send({});
    await expect.poll(() => receivedCount, { timeout: 15_000 }).toBe((round + 1) * 10_000);
  }
  expect(near.closed.aborted).toBe(false);
  near.close();
});
