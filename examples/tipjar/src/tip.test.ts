import { parseEther } from 'viem';
import { expect, test } from 'vitest';
import { checkTip, formatAmount, parseAmount } from './tip.ts';

test('a tip is taken with its text tidied, and without a name it is anonymous', () => {
  expect(checkTip({ amount: ' 0.05 ', name: ' Ada \n Lovelace ', message: 'Thank\nyou' }, 1n)).toEqual({
    kind: 'valid',
    request: { name: 'Ada Lovelace', message: 'Thank you', amountWei: parseEther('0.05') },
  });
  expect(checkTip({ amount: 2 }, 1n)).toMatchObject({
    kind: 'valid',
    request: { name: 'Anonymous', message: '', amountWei: parseEther('2') },
  });
});

test('each field that cannot be taken says what to write', () => {
  const check = (input: Record<string, unknown>, fault: Record<string, unknown>): void =>
    expect(checkTip({ amount: '1', ...input }, parseEther('0.01'))).toEqual({
      kind: 'invalid',
      faults: Object.fromEntries(
        Object.entries(fault).map(([key, text]) => [key, expect.stringContaining(String(text))]),
      ),
    });
  check({ amount: undefined }, { amount: 'such as 0.05' });
  check({ amount: 'much' }, { amount: 'such as 0.05' });
  check({ amount: '-1' }, { amount: 'such as 0.05' });
  check({ amount: '1e3' }, { amount: 'such as 0.05' });
  check({ amount: Number.NaN }, { amount: 'such as 0.05' });
  check({ amount: { wei: 1 } }, { amount: 'such as 0.05' });
  check({ amount: '0' }, { amount: 'zero' });
  check({ amount: '0.009999999999999999' }, { amount: 'The smallest tip is 0.01 ETH.' });
  check({ amount: '100.000000000000000001' }, { amount: 'The largest tip is 100 ETH.' });
  check({ name: 'é'.repeat(33) }, { name: 'The name is 2 bytes too long' });
  check({ message: '🍯'.repeat(71) }, { message: 'The message is 4 bytes too long' });
  check({ name: 'a\u0007b' }, { name: 'cannot be shown' });
  check({ name: 7, message: ['x'], amount: '' }, { name: 'as text', message: 'as text', amount: 'such as 0.05' });
});

test('the bounds themselves fit', () => {
  const check = (input: Record<string, unknown>): void =>
    expect(checkTip({ amount: '1', ...input }, 1n).kind).toBe('valid');
  check({ amount: '100' });
  check({ amount: '0.000000000000000001' });
  check({ name: 'é'.repeat(32) });
  check({ message: '🍯'.repeat(70) });
});

test('amounts are read exactly and shown with two to six decimals', () => {
  const check = (text: string, shown: string): void => expect(formatAmount(parseAmount(text) ?? -1n)).toBe(shown);
  check('0', '0.00');
  check('1', '1.00');
  check('0.05', '0.05');
  check('0.001234', '0.001234');
  check('0.0012349', '0.001234');
  check('1234567.5', '1,234,567.50');
  check('0.0000001', '<0.000001');
});
