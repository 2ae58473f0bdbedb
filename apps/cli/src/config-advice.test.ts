import { expect, test } from 'vitest';
import { configAdvice, type ConfigFacts } from './config-advice.ts';

const entry = { application: 'tipjar', layer: 'manifest', revision: 1, author: 'plumb', at: 0 } as const;
const FACTS: ConfigFacts = {
  application: 'tipjar',
  key: 'title',
  value: 'Coffee fund',
  entries: [
    { ...entry, key: 'title', value: 'Tip jar' },
    { ...entry, key: 'min-tip', value: 0.001 },
  ],
  isDeployed: true,
};

test('a value that is likely a mistake is stored with a word about it', () => {
  const check = (facts: Partial<ConfigFacts>, expected: string | undefined): void =>
    expect(configAdvice({ ...FACTS, ...facts })).toBe(expected);
  check({}, undefined);
  check({ key: 'min-tip', value: 1 }, undefined);
  check({ key: 'theme', value: 'dark' }, undefined);
  check(
    { key: 'tilte' },
    'tipjar had no tilte so far: did you mean tipjar.title? "plumb config unset tipjar.tilte" takes it back',
  );
  check(
    { key: 'min-tip', value: 'abc' },
    'tipjar.min-tip was a number, 0.001: see with "plumb logs tipjar" whether text is taken',
  );
  check({ application: 'tipjra', isDeployed: false }, 'no application "tipjra" is deployed: the value waits for one');
});

test("Plumb's own settings are those that it reads", () => {
  const check = (key: string, expected: string | undefined): void =>
    expect(configAdvice({ ...FACTS, application: 'plumb', entries: [], isDeployed: false, key })).toBe(expected);
  check('notify.smtp.url', undefined);
  check(
    'notify.smtp.ulr',
    'Plumb does not read notify.smtp.ulr: did you mean plumb.notify.smtp.url? "plumb config unset plumb.notify.smtp.ulr" takes it back',
  );
  expect(configAdvice({ ...FACTS, application: 'plumb', key: 'x' })).toContain('it reads notify.email.from, ');
});
