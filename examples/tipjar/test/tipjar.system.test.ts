// The whole server against a real chain.
import net from 'node:net';
import { until } from '@plumb/testing';
import { encodeFunctionData, parseAbi, parseEther, toFunctionSelector, toHex } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Anvil, openAnvil } from './anvil.ts';
import { getJson, openWorld, postTip, readLive, type World } from './world.ts';

let anvil: Anvil;
let jar: World;

beforeAll(async () => {
  anvil = await openAnvil();
  jar = await openWorld(anvil.url);
});

afterAll(async () => {
  await jar?.[Symbol.asyncDispose]();
  await anvil?.[Symbol.asyncDispose]();
});

test('a tip that is left is a transaction, and is read back, counted and shown', async () => {
  expect(await getJson(`${jar.url}/ready`)).toEqual({ status: 200, body: { status: 'ready' } });
  const left = await postTip(jar.url, { amount: '0.05', name: 'Ada <3', message: 'Thank you' });
  expect(left).toMatchObject({ status: 201, body: { tip: { name: 'Ada <3', amount: '0.05' } } });
  const { transaction } = left.body['tip'] as { transaction: string };
  expect(await anvil.call('eth_getTransactionReceipt', transaction)).toMatchObject({ status: '0x1' });

  const { body } = await getJson(`${jar.url}/api/tips`);
  expect(body).toMatchObject({
    count: 1,
    total: '0.05',
    balance: '0.05',
    tips: [{ transaction, message: 'Thank you' }],
  });
  const page = await fetch(jar.url);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(await page.text()).toContain('<bdi>Ada &lt;3</bdi>');
  const metrics = await (await fetch(`${jar.url}/metrics`)).text();
  expect(metrics).toContain('\ntipjar_tips_total 1\n');
  expect(metrics).toContain('\ntipjar_tip_ether_total 0.05\n');
  expect(metrics).toContain('\ntipjar_balance_ether 0.05\n');
  expect(metrics).toMatch(/\ntipjar_chain_height [1-9]/);
  expect(metrics).toContain('tipjar_http_request_duration_seconds_count{route="/api/tips",status="201"} 1');
  expect(metrics).toContain('process_cpu_seconds_total');
});

test('a form without script leaves a tip and comes back to the page; a fault keeps what was written', async () => {
  const post = (fields: Record<string, string>): Promise<Response> =>
    fetch(`${jar.url}/tips`, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
  const left = await post({ amount: '1', name: 'Grace', message: '' });
  expect([left.status, left.headers.get('location')]).toEqual([303, '/']);
  const refused = await post({ amount: 'lots', name: '"Grace"', message: '' });
  expect(refused.status).toBe(400);
  const text = await refused.text();
  expect(text).toContain('value="lots"');
  expect(text).toContain('value="&quot;Grace&quot;"');
  expect(text).toContain('Write the amount in ETH as a number, such as 0.05.');
});

test('a changed title reaches an open page at once, and a changed minimum the next tip', async () => {
  const live = readLive(jar.url);
  expect((await live.next()).value).toMatchObject({ title: 'Tip jar' });
  const changedAt = performance.now();
  jar.set('title', 'Buy us a coffee');
  for await (const { title } of live) if (title === 'Buy us a coffee') break;
  expect(performance.now() - changedAt).toBeLessThan(200);
  expect(await (await fetch(jar.url)).text()).toContain('<title>Buy us a coffee</title>');

  jar.set('min-tip', 0.5);
  expect(await postTip(jar.url, { amount: '0.4' })).toMatchObject({
    status: 400,
    body: { faults: { amount: 'The smallest tip is 0.5 ETH.' } },
  });
  jar.set('min-tip', 'nonsense');
  expect(await postTip(jar.url, { amount: '0.4' })).toMatchObject({ status: 400 });
  jar.set('min-tip', 0.001);
});

test('a tip from elsewhere on the chain appears on an open page', async () => {
  const live = readLive(jar.url);
  await live.next();
  const { body } = await getJson(`${jar.url}/api/tips`);
  const [{ transaction }] = body['tips'] as [{ transaction: string }];
  const { to } = (await anvil.call('eth_getTransactionByHash', transaction)) as { to: string };
  const abi = parseAbi(['function tip(string name, string message) payable', 'function withdraw(address to)']);
  const [owner, stranger] = (await anvil.call('eth_accounts')) as [string, string];
  const data = encodeFunctionData({ abi, functionName: 'tip', args: ['Linus', 'from a wallet'] });
  await anvil.call('eth_sendTransaction', { from: stranger, to, data, value: toHex(parseEther('2')) });
  for await (const { tips } of live) if (tips?.includes('from a wallet')) break;

  // Only the owner empties the jar, and tips stay counted.
  const empty = encodeFunctionData({
    abi,
    functionName: 'withdraw',
    args: ['0x000000000000000000000000000000000000dEaD'],
  });
  await expect(anvil.call('eth_call', { from: stranger, to, data: empty }, 'latest')).rejects.toThrow(
    toFunctionSelector('function NotOwner(address)'),
  );
  await anvil.call('eth_sendTransaction', { from: owner, to, data: empty });
  await until('the jar is empty', async () => (await getJson(`${jar.url}/api/tips`)).body['balance'] === '0');
  expect((await getJson(`${jar.url}/api/tips`)).body['total']).toBe('3.05');
});

test('a tip that the chain took back is no longer shown, also when the chain has grown since', async () => {
  const before = (await getJson(`${jar.url}/api/tips`)).body;
  const snapshot = await anvil.call('evm_snapshot');
  await postTip(jar.url, { amount: '7', message: 'to be undone' });
  expect((await getJson(`${jar.url}/api/tips`)).body['count']).toBe(Number(before['count']) + 1);
  await anvil.call('evm_revert', snapshot);
  await anvil.call('anvil_mine', '0x8');
  await until(
    'the jar as it was',
    async () => (await getJson(`${jar.url}/api/tips`)).body['count'] === before['count'],
  );
  expect((await getJson(`${jar.url}/api/tips`)).body).toEqual(before);
});

test('requests that cannot be used are refused with what to do', async () => {
  const check = async (path: string, init: RequestInit, status: number, text: string): Promise<void> => {
    const response = await fetch(`${jar.url}${path}`, init);
    expect([response.status, await response.text()]).toEqual([status, expect.stringContaining(text)]);
  };
  const headers = { 'content-type': 'application/json' };
  await check('/nothing', {}, 404, 'The jar is at /');
  await check('/__proto__', {}, 404, 'The jar is at /');
  await check('/api/tips', { method: 'DELETE' }, 405, 'Use GET, POST here.');
  await check('/api/tips', { method: 'POST', body: 'amount' }, 415, 'application/json');
  await check('/api/tips', { method: 'POST', headers, body: '{"amount":' }, 400, 'Send a JSON object');
  await check('/api/tips', { method: 'POST', headers, body: '[1]' }, 400, 'Send a JSON object');
  await check('/api/tips', { method: 'POST', headers, body: `"${'x'.repeat(9_000)}"` }, 413, 'at most 8192 bytes');
  const foreign = { ...headers, 'sec-fetch-site': 'cross-site' };
  await check('/api/tips', { method: 'POST', headers: foreign, body: '{}' }, 403, 'own page');
});

test('a chain that dies and comes back empty is noticed, and the contract is put on it again', async () => {
  const { port } = new URL(anvil.url);
  await anvil[Symbol.asyncDispose]();
  await until('the jar is not ready', async () => (await getJson(`${jar.url}/ready`)).status === 503);
  expect((await getJson(`${jar.url}/ready`)).body['reason']).toBe(
    'the chain does not answer: see whether its node runs',
  );
  expect(await postTip(jar.url, { amount: '1' })).toMatchObject({ status: 503, body: { error: /does not answer/ } });
  expect((await fetch(jar.url)).status).toBe(200);

  anvil = await openAnvil(Number(port));
  await until('the jar is ready', async () => (await getJson(`${jar.url}/ready`)).status === 200);
  expect((await getJson(`${jar.url}/api/tips`)).body).toMatchObject({ count: 0, total: '0', tips: [] });
  expect(await postTip(jar.url, { amount: '1' })).toMatchObject({ status: 201 });
});

test('without a chain the server starts and says why it is not ready', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  const port = await until('a port', () => (server.address() as net.AddressInfo | null)?.port);
  await new Promise((resolve) => server.close(resolve));
  await using other = await openWorld(`http://127.0.0.1:${port}`);
  expect((await getJson(`${other.url}/ready`)).status).toBe(503);
  expect(await (await fetch(other.url)).text()).toContain(
    'No tips can be left at the moment: the chain does not answer',
  );
});

test('tips of one sender are limited to a pace', async () => {
  const answers = await Promise.all(Array.from({ length: 30 }, () => postTip(jar.url, { amount: '0.01' })));
  expect(answers.map(({ status }) => status)).toContain(429);
  expect(answers.find(({ status }) => status === 429)?.body['error']).toMatch(/^That was quick: wait \d+ s/);
});
