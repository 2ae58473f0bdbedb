import { expect, test } from 'vitest';
import { formatAddress, parseAddress } from './address.ts';

test('addresses of TCP and unix sockets are read and written', () => {
  const check = (text: string, expected: object, written = text): void => {
    expect(parseAddress(text)).toEqual(expected);
    expect(formatAddress(parseAddress(text))).toBe(written);
  };
  check('tcp://127.0.0.1:7701', { kind: 'tcp', host: '127.0.0.1', port: 7701 });
  check('tcp://[::1]:0', { kind: 'tcp', host: '::1', port: 0 });
  check('tcp://example.org:*', { kind: 'tcp', host: 'example.org', port: 0 }, 'tcp://example.org:0');
  check('tcp://*:80', { kind: 'tcp', host: '0.0.0.0', port: 80 }, 'tcp://0.0.0.0:80');
  check('ipc:///run/a.sock', { kind: 'ipc', path: '/run/a.sock' });
  check('ipc://@name', { kind: 'ipc', path: '@name' });
});

test('what is no address says how one looks', () => {
  for (const text of ['', 'tcp://', 'tcp://a', 'tcp://a:65536', 'ipc://relative', 'udp://a:1', 'tcp://a b:1']) {
    expect(() => parseAddress(text)).toThrow('is not an address: write tcp://127.0.0.1:7701');
  }
  expect(() => parseAddress(`ipc:///${'x'.repeat(107)}`)).toThrow('with its 108 bytes');
});
