import { expect, test } from 'vitest';
import { generateIdentity, parseIdentities, parseIdentity, recipientOf } from './identity.ts';
import { parseRecipient, parseRecipients } from './recipient.ts';

/** From the README of age: nobody uses it. */
const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';

test('a recipient is read, and what is none is refused with a reason', async () => {
  const secret = await generateIdentity();
  const check = (text: string, says: string): void => {
    expect(() => parseRecipient(text)).toThrow(says);
    expect(() => parseRecipient(text)).toThrow(expect.objectContaining({ code: 'invalid' }));
  };
  expect(parseRecipient(` ${RECIPIENT}\n`)).toBe(RECIPIENT);
  check('', 'a recipient is missing');
  check(RECIPIENT.slice(0, -1), 'a character is missing or wrong');
  check(RECIPIENT.replace('z7', '7z'), 'age1ql37zhjy54pw… (62 characters) is not a recipient');
  check(RECIPIENT.toUpperCase(), 'small letters');
  check('ssh-ed25519 AAAA', 'an SSH key is not a recipient');
  check('age1tag1qwe', 'hardware key');
  check('anna@example.org', '"anna@example.org" is not a recipient: it starts with age1');
  check(secret, 'a secret key was given where a recipient belongs');
  check(secret.toLowerCase(), 'a secret key was given where a recipient belongs');
  check(`"${secret}"`, 'a secret key was given where a recipient belongs');
});

test('recipients are sorted, each once', async () => {
  const other = await recipientOf(await generateIdentity());
  expect(parseRecipients([RECIPIENT, other, `${RECIPIENT} `])).toEqual([RECIPIENT, other].sort());
});

test('an identity is read, and no error tells any of it', async () => {
  const secret = await generateIdentity();
  expect(parseIdentity(` ${secret}\r\n`)).toBe(secret);
  expect(await recipientOf(secret)).toMatch(/^age1[a-z0-9]{58}$/);
  const check = (text: string, says: string): void => {
    const error = caught(() => parseIdentity(text));
    expect(error.message).toContain(says);
    for (let i = 20; i + 6 < text.length; i += 1) expect(error.message).not.toContain(text.slice(i, i + 6));
    expect(error.cause).toBeUndefined();
  };
  check('', 'is missing');
  check(secret.slice(0, -1), 'has a character missing or wrong');
  check(secret.slice(0, -1) + (secret.endsWith('Q') ? 'P' : 'Q'), 'has a character missing or wrong');
  check(secret.toLowerCase(), 'capital letters');
  check('hunter2hunter2hunter2hunter2', 'this is not a secret key of age');
  check('AGE-PLUGIN-YUBIKEY-1QQQ', 'plugin');
  expect(() => parseIdentity(RECIPIENT)).toThrow(`${RECIPIENT.slice(0, 16)}… is a recipient`);
  expect(() => parseIdentities([])).toThrow('no identity');
  expect(() => parseIdentities(Array.from({ length: 65 }, () => secret))).toThrow('65 identities are more than 64');
});

function caught(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('expected an error');
}
