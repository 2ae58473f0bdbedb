// Goal: what strangers send over gRPC costs the door next to nothing. Method: calls without a credential whose message is
// large, and never whole: they are refused by their first bytes, and what follows is not read.
import http2 from 'node:http2';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { openEtcdWorld } from './etcd-world.ts';

const MESSAGE_BYTES = 1_900_000;

test('a call without a credential is refused before its message is read', async () => {
  await using world = await openEtcdWorld();
  const session = http2.connect(world.url);
  try {
    const status = async (headers: http2.OutgoingHttpHeaders): Promise<string> => {
      const call = session.request({
        ':method': 'POST',
        ':path': '/etcdserverpb.KV/Put',
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      });
      call.on('error', () => undefined);
      // The head of a message, and never the rest of it.
      const head = Buffer.alloc(5);
      head.writeUInt32BE(MESSAGE_BYTES, 1);
      call.write(head);
      const [answer] = (await once(call, 'response')) as [http2.IncomingHttpHeaders];
      const found = { ...answer };
      call.on('trailers', (trailers) => Object.assign(found, trailers));
      call.resume();
      if (found['grpc-status'] === undefined) await once(call, 'trailers');
      call.close();
      return `${String(found['grpc-status'])} ${decodeURIComponent(String(found['grpc-message']))}`;
    };
    expect(await status({})).toBe('16 etcdserver: user name is empty');
    expect(await status({ token: 'nobody' })).toBe('16 etcdserver: invalid auth token');
    expect(world.logged).toEqual([]);
  } finally {
    session.destroy();
  }
});
