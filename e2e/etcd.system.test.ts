// `plumb up --etcd PORT` is an etcd for programs that speak to one; what it holds survives a crash of plumbd.
import { openTemporaryDirectory, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { startPlumb } from './src/plumb-process.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

type Answer = { readonly status: number; readonly body: Record<string, unknown> };

async function post(url: string, body: object, token?: string): Promise<Answer> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: token };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('a program with a token keeps its keys in Plumb as in etcd, and they outlive plumbd', async () => {
  await using directory = await openTemporaryDirectory();
  let token = '';
  {
    await using plumb = await startPlumb({ dataDirectory: directory.path, words: ['--etcd', '0'] });
    const url = plumb.doors.etcd ?? '';
    expect(plumb.output()).toMatch(new RegExp(`etcd +${url}`));
    expect((await post(`${url}/v3/kv/range`, { key: base64('app/a') })).status).toBe(401);
    const scopes = ['etcd:read:app/', 'etcd:write:app/'];
    token = (await plumb.services.identity.createToken({ name: 'app', scopes })).token;
    const { body } = await post(`${url}/v3/auth/authenticate`, { name: 'app', password: token });
    const shown = String(body['token']);
    expect((await post(`${url}/v3/kv/put`, { key: base64('app/a'), value: base64('1') }, shown)).status).toBe(200);
    expect((await post(`${url}/v3/kv/put`, { key: base64('other'), value: base64('1') }, shown)).status).toBe(403);
    await post(`${url}/v3/lease/grant`, { ID: '7', TTL: '3' }, shown);
    await post(`${url}/v3/kv/put`, { key: base64('app/b'), lease: '7' }, shown);
    const metrics = await fetch(`${plumb.doors.http}/metrics`, { headers: { authorization: `Bearer ${plumb.token}` } });
    expect(await metrics.text()).toContain('plumb_etcd_calls_total{method="KV/Put",code="permissionDenied"} 1');
    await plumb.end('SIGKILL');
  }
  await using plumb = await startPlumb({ dataDirectory: directory.path, words: ['--etcd', '0'] });
  const url = plumb.doors.etcd ?? '';
  const read = (): Promise<Answer> =>
    post(`${url}/v3/kv/range`, { key: base64('app/'), range_end: base64('app0'), keys_only: true }, `Bearer ${token}`);
  expect((await read()).body).toMatchObject({ count: '2', kvs: [{ key: base64('app/a') }, { key: base64('app/b') }] });
  await until('the lease ends', async () => (await read()).body['count'] === '1');
  await plumb.services.identity.revokeToken({ name: 'app' });
  expect(await read()).toMatchObject({ status: 401, body: { message: 'etcdserver: invalid auth token' } });
});

test('without --etcd there is no door for it', async () => {
  await using directory = await openTemporaryDirectory();
  await using plumb = await startPlumb({ dataDirectory: directory.path });
  expect(plumb.doors.etcd).toBeUndefined();
});
