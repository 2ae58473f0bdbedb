import { OperatingError } from '@plumb/base';
import { beforeAll, expect, test } from 'vitest';
import { encryptBytes } from './age.ts';
import { encodeBase64 } from './base64.ts';
import { generateIdentity, recipientOf } from './identity.ts';
import { openSealedValue, resealValue, sealValue } from './seal-value.ts';
import { isSealed, isWithheld, parseSealed, type SealableValue, WITHHELD_VALUE } from './sealed-value.ts';

const place = { application: 'tipjar', key: 'mail.password' };
type Reader = { readonly identities: readonly string[]; readonly recipient: string };
let anna: Reader;
let bert: Reader;

beforeAll(async () => {
  const reader = async (): Promise<Reader> => {
    const identity = await generateIdentity();
    return { identities: [identity], recipient: await recipientOf(identity) };
  };
  [anna, bert] = [await reader(), await reader()];
});

test('a sealed value is opened by each of its recipients and by nobody else', async () => {
  const sealed = await sealValue({ ...place, value: 'hunter2', recipients: [bert.recipient, anna.recipient] });
  expect(sealed.to).toEqual([anna.recipient, bert.recipient].sort());
  expect(isSealed(sealed)).toBe(true);
  expect(parseSealed(structuredClone(sealed))).toEqual(sealed);
  for (const { identities } of [anna, bert]) {
    expect(await openSealedValue({ ...place, sealed, identities })).toBe('hunter2');
  }
  const stranger = await generateIdentity();
  const error = await caught(openSealedValue({ ...place, sealed, identities: [stranger] }));
  expect(error).toMatchObject({ code: 'denied' });
  expect(error.message).toBe(
    `tipjar/mail.password, sealed for ${sealed.to[0]?.slice(0, 12)}…, ${sealed.to[1]?.slice(0, 12)}…, was not opened`,
  );
  const own = [stranger, ...anna.identities];
  expect(await openSealedValue({ ...place, sealed, identities: own })).toBe('hunter2');
});

test('a ciphertext that was moved is refused, and the error says from where to where', async () => {
  const { identities, recipient } = anna;
  const sealed = await sealValue({ ...place, value: 1, recipients: [recipient] });
  const check = async (application: string, key: string): Promise<void> => {
    const error = await caught(openSealedValue({ application, key, sealed, identities }));
    expect(error).toMatchObject({ code: 'denied', details: { from: place, to: { application, key } } });
    expect(error.message).toBe(
      `a secret was sealed as tipjar/mail.password and moved to ${application}/${key}: ` +
        'put it back, or seal it again where it is wanted',
    );
  };
  await check('tipjar', 'mail.user');
  await check('other', 'mail.password');
  await check('tipjar', 'mail.password.');
});

test('a list of readers that was changed is refused', async () => {
  const sealed = await sealValue({ ...place, value: 1, recipients: [anna.recipient, bert.recipient] });
  const { identities } = anna;
  const check = async (to: readonly string[]): Promise<void> => {
    const error = await caught(openSealedValue({ ...place, sealed: { ...sealed, to }, identities }));
    expect(error.code).toBe('denied');
    expect(error.message).toContain('its list of readers was changed');
  };
  await check([anna.recipient]);
  await check([...sealed.to].reverse());
  expect(() => parseSealed({ ...sealed, to: [anna.recipient] })).toThrow('is encrypted for 2 recipients and names 1');
  expect(() => parseSealed({ ...sealed, to: [...sealed.to].reverse() })).toThrow('are not sorted');
});

test('a value is sealed again for others, at the same place', async () => {
  const sealed = await sealValue({ ...place, value: ['a', 1], recipients: [anna.recipient] });
  const again = await resealValue({ ...place, sealed, identities: anna.identities, recipients: [bert.recipient] });
  expect(await openSealedValue({ ...place, sealed: again, identities: bert.identities })).toEqual(['a', 1]);
  expect(await caught(openSealedValue({ ...place, sealed: again, identities: anna.identities }))).toMatchObject({
    code: 'denied',
  });
});

test('a value that was withheld says so', async () => {
  expect(isSealed(WITHHELD_VALUE) && isWithheld(WITHHELD_VALUE)).toBe(true);
  const error = await caught(openSealedValue({ ...place, sealed: WITHHELD_VALUE, identities: anna.identities }));
  expect(error).toMatchObject({
    code: 'denied',
    message: 'tipjar/mail.password is a secret that is not for you: ask for it to be sealed for you',
  });
});

test('what is no JSON, too large or for too many is not sealed, and no error tells the value', async () => {
  const check = async (value: unknown, code: string, says: string): Promise<void> => {
    const error = await caught(sealValue({ ...place, value: value as SealableValue, recipients: [anna.recipient] }));
    expect(error.code).toBe(code);
    expect(error.message).toContain(says);
    expect(error.message).not.toContain('hunter2');
  };
  await check(undefined, 'invalid', 'tipjar/mail.password was not sealed: its value is not JSON');
  await check(NaN, 'invalid', 'is not JSON');
  await check(['hunter2', undefined], 'invalid', 'is not JSON');
  await check({ a: new Date() }, 'invalid', 'is not JSON');
  await check(() => 'hunter2', 'invalid', 'is not JSON');
  await check(7n, 'invalid', 'is not JSON');
  await check(nest(200), 'invalid', 'is not JSON');
  await check('hunter2'.repeat(10_000), 'exhausted', 'its value has 70002 bytes, and 65536 is the most');
  const largest = 'x'.repeat(65_534);
  const sealed = await sealValue({ ...place, value: largest, recipients: [anna.recipient] });
  expect(await openSealedValue({ ...place, sealed, identities: anna.identities })).toBe(largest);

  const many = await Promise.all(Array.from({ length: 65 }, async () => recipientOf(await generateIdentity())));
  const error = await caught(sealValue({ ...place, value: 1, recipients: many }));
  expect(error).toMatchObject({
    code: 'exhausted',
    message: expect.stringContaining('65 recipients are more than 64'),
  });
  expect(parseSealed(await sealValue({ ...place, value: largest, recipients: many.slice(1) })).to).toHaveLength(64);
  expect((await caught(sealValue({ ...place, value: 1, recipients: [] }))).message).toContain('nobody could read this');
});

test('what holds something else than a value of version 1 is refused, and not quoted', async () => {
  const check = async (plain: string): Promise<void> => {
    const file = await encryptBytes(new TextEncoder().encode(plain), { recipients: [anna.recipient] });
    const sealed = { $sealed: encodeBase64(file), to: [anna.recipient] };
    const error = await caught(openSealedValue({ ...place, sealed, identities: anna.identities }));
    expect(error.code).toBe('invalid');
    expect(error.message).toBe('tipjar/mail.password was opened and holds no value of version 1: seal it again');
    expect(error.cause).toBeUndefined();
  };
  await check('hunter2');
  await check('null');
  await check(JSON.stringify({ ...place, v: 2, to: [anna.recipient], value: 1 }));
  await check(JSON.stringify({ ...place, v: 1, to: [anna.recipient] }));
});

test('what has not the form of a sealed value is told from one', () => {
  const check = (value: unknown): void => expect(isSealed(value)).toBe(false);
  check(null);
  check('age1');
  check([]);
  check({ $sealed: 'x' });
  check({ $sealed: 'x', to: 'age1' });
  check({ $sealed: 'x', to: [1] });
  check({ $sealed: 'x', to: [], more: 1 });
  check({ $sealed: 1, to: [] });
  expect(() => parseSealed({ $sealed: 'x' })).toThrow('a sealed value is {"$sealed"');
  expect(() => parseSealed({ $sealed: 'AAAA', to: [anna.recipient] })).toThrow('encrypted for 0 recipients');
  expect(() => parseSealed({ $sealed: 'AAB=', to: [anna.recipient] })).toThrow('not in base 64');
  expect(() => parseSealed({ $sealed: 'A'.repeat(500_000), to: [anna.recipient] })).toThrow('is the most');
  expect(() => parseSealed(WITHHELD_VALUE)).toThrow('nobody could read this');
});

function nest(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i += 1) value = [value];
  return value;
}

async function caught(promise: Promise<unknown>): Promise<OperatingError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof OperatingError) return error;
  throw new Error(`expected an OperatingError, not ${String(error)}`);
}
