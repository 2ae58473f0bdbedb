import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { budgetKey, createSourceRules } from './dns-source-address.ts';
import { EXCESS_BYTES_PER_S, ExcessBudget, SOURCES_MAX } from './excess-budget.ts';

test('a source gets so many bytes more a second than it sent, and no source takes from another', async () => {
  const clock = createFakeClock();
  const budget = new ExcessBudget(clock);
  const takeAll = (source: string): number => {
    let bytes = 0;
    while (budget.take(source, 1_024)) bytes += 1_024;
    return bytes;
  };
  expect(takeAll('a')).toBe(EXCESS_BYTES_PER_S);
  expect(budget.take('a', 1)).toBe(false);
  expect(budget.take('a', 0)).toBe(true); // As large as the question: nothing is amplified.
  expect(budget.take('a', -5)).toBe(true);
  expect(takeAll('b')).toBe(EXCESS_BYTES_PER_S);
  await clock.advance(250);
  expect(takeAll('a')).toBe(EXCESS_BYTES_PER_S / 4);
  await clock.advance(60_000);
  expect(takeAll('a')).toBe(EXCESS_BYTES_PER_S);
});

test('however many sources there are, so many are remembered', () => {
  const budget = new ExcessBudget(createFakeClock());
  for (let i = 0; i < SOURCES_MAX + 100; i += 1) budget.take(`source ${i}`, 1);
  expect(budget.sourceCount).toBe(SOURCES_MAX);
});

test('only this host may ask, and who is listed; whoever shares a network shares a budget', () => {
  const nobodyElse = createSourceRules([]);
  for (const address of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])
    expect(nobodyElse.isAllowed(address)).toBe(true);
  for (const address of ['10.0.0.1', '::ffff:10.0.0.1', 'fd00::1', ''])
    expect(nobodyElse.isAllowed(address)).toBe(false);
  const rules = createSourceRules(['172.17.0.0/16', 'fd00::/8', '10.0.0.7']);
  for (const address of ['172.17.3.4', '::ffff:172.17.0.1', 'fd12::1', '10.0.0.7', '127.0.0.1'])
    expect(rules.isAllowed(address)).toBe(true);
  for (const address of ['172.18.0.1', '10.0.0.8', '2001:db8::1']) expect(rules.isAllowed(address)).toBe(false);

  expect(budgetKey('192.0.2.7', 1)).toBe(budgetKey('192.0.2.9', 2));
  expect(budgetKey('192.0.2.7', 1)).not.toBe(budgetKey('192.0.3.7', 1));
  expect(budgetKey('2001:db8:1:2::1', 1)).toBe(budgetKey('2001:db8:1:2:3::1', 1));
  // A proxy on this host has a port for each of those whose packets it forwards.
  expect(budgetKey('127.0.0.1', 1)).not.toBe(budgetKey('127.0.0.1', 2));
});
