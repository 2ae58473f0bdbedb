import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAddress } from './parse-address.ts';

function show(text: string): string | undefined {
  const parsed = parseAddress(text);
  if (parsed?.kind === 'host') return parsed.name.labels.join(' ');
  return parsed && Buffer.from(parsed.bytes).toString('hex');
}

test('addresses are read in every form, host names as labels, and what leads nowhere is undefined', () => {
  const check = (text: string, expected: string | undefined): void =>
    expect([text, show(text)]).toEqual([text, expected]);
  check('127.0.0.1', '7f000001');
  check('::1', `${'0'.repeat(30)}01`);
  check('fd00::10:2', 'fd000000000000000000000000100002');
  check('1:2:3:4:5:6:7:8', '00010002000300040005000600070008');
  check('fe80::', `fe80${'0'.repeat(28)}`);
  check('64:ff9b::192.0.2.1', '0064ff9b0000000000000000c0000201');
  check('::ffff:10.0.0.1', '0a000001');
  check('localhost', '7f000001');
  check('DB-1.Example.com.', 'db-1 example com');
  check('my_host', 'my_host');
  check('0.0.0.0', undefined);
  check('::', undefined);
  check('fe80::1%eth0', undefined);
  check('', undefined);
  check('a..b', undefined);
  check('a b', undefined);
  check(`${'a'.repeat(64)}.com`, undefined);
  check(Array.from({ length: 130 }, () => 'a').join('.'), undefined);
});

test('an address of IPv6 is what the URL parser of the platform reads', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const canonical = new URL(`http://[${text}]`).hostname.slice(1, -1);
      expect(show(text)).toBe(show(canonical));
      const groups = canonical.split('::').map((part) => part.split(':').filter((group) => group !== ''));
      const [front = [], back] = groups;
      const middle = back === undefined ? [] : Array.from({ length: 8 - front.length - back.length }, () => '0');
      const hex = [...front, ...middle, ...(back ?? [])].map((group) => group.padStart(4, '0')).join('');
      const expected = hex === '0'.repeat(32) ? undefined : hex.replace(/^0{20}ffff/, '');
      expect(show(text)).toBe(expected);
    }),
  );
});
