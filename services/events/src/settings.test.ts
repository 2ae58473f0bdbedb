import { expect, test } from 'vitest';
import { recipientsOf, smtpOf } from './settings.ts';

const values = (record: Record<string, unknown>): Map<string, unknown> => new Map(Object.entries(record));

test('a channel exists where its recipient is set, and a webhook does not show its secret path', () => {
  const check = (record: Record<string, unknown>, expected: string[]): void =>
    expect(recipientsOf(values(record)).map(({ channel, to }) => `${channel} ${to}`)).toEqual(expected);
  check({}, []);
  check({ 'notify.smtp.url': 'smtp://mail' }, []);
  check({ 'notify.email.to': 'a@example.org' }, ['email a@example.org']);
  check({ 'notify.email.to': ['a@example.org', 'b@example.org'] }, ['email a@example.org, b@example.org']);
  check({ 'notify.email.to': [], 'notify.webhook.url': '' }, []);
  check({ 'notify.webhook.url': 'https://chat.example.org/secret/T0KEN' }, ['webhook https://chat.example.org']);
});

test('the settings of mail are read, with what they leave out', () => {
  const check = (url: string, expected: object): void =>
    expect(smtpOf(values({ 'notify.smtp.url': url }), 'a@example.org', 'host1')).toMatchObject(expected);
  check('smtp://mail.example.org', {
    host: 'mail.example.org',
    port: 25,
    isSecure: false,
    user: undefined,
    from: 'plumb@host1',
  });
  check('smtp://127.0.0.1:2525', { host: '127.0.0.1', port: 2_525 });
  check('smtps://me%40x@mail', { host: 'mail', port: 465, isSecure: true, user: 'me@x' });
  check('smtp://[::1]:25', { host: '::1' });
});

test('a wrong setting is named with what to do, and never quotes a secret', () => {
  const check = (record: Record<string, unknown>, to: string, message: string): void =>
    expect(() => smtpOf(values(record), to, 'host1')).toThrow(message);
  const smtp = { 'notify.smtp.url': 'smtp://mail' };
  check({}, 'a@example.org', 'notify.smtp.url is not set: plumb config set plumb.notify.smtp.url');
  check({ 'notify.smtp.url': 'http://mail' }, 'a@example.org', 'is not like smtp://HOST:PORT');
  check({ 'notify.smtp.url': 'smtp://me:hunter2@mail' }, 'a@example.org', 'holds a password');
  try {
    smtpOf(values({ 'notify.smtp.url': 'smtp://me:hunter2@mail' }), 'a@example.org', 'host1');
  } catch (error) {
    expect(String(error)).not.toContain('hunter2');
  }
  check({ ...smtp, 'notify.email.from': 'x@y\r\nBcc: z@w' }, 'a@example.org', 'notify.email.from is not an address');
  check(smtp, 'a@example.org\r\nBcc: z@w', 'which is not an address');
  check(smtp, 'a@example.org, nobody', 'holds "nobody", which is not an address');
});
