import { OperatingError } from '@plumb/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { generateIdentity, recipientOf } from './identity.ts';
import { openSealedValue, sealValue } from './seal-value.ts';
import type { SealableValue } from './sealed-value.ts';

const identity = await generateIdentity();
const recipients = [await recipientOf(identity)];
const identities = [identity];
const value = fc.jsonValue().map((json) => JSON.parse(JSON.stringify(json)) as SealableValue);
const text = fc.string({ unit: 'grapheme' });

test('any value comes back from any place', async () => {
  await fc.assert(
    fc.asyncProperty(text, text, value, async (application, key, given) => {
      const sealed = await sealValue({ application, key, value: given, recipients });
      const carried = JSON.parse(JSON.stringify(sealed)) as typeof sealed;
      expect(await openSealedValue({ application, key, sealed: carried, identities })).toEqual(given);
    }),
  );
});

// Goal: nothing that is changed is opened. Method: one bit of the age file, or one character of its text or of its list of
// readers, is changed anywhere.
test('one flipped bit is always refused', async () => {
  const place = { application: 'tipjar', key: 'mail.password' };
  const sealed = await sealValue({ ...place, value: 'hunter2', recipients });
  const bytes = decodeBase64(sealed.$sealed) ?? new Uint8Array();
  const isRefused = async ($sealed: string, to: readonly string[]): Promise<void> => {
    const opening = openSealedValue({ ...place, sealed: { $sealed, to }, identities });
    const error: unknown = await opening.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OperatingError);
    expect(String(error)).not.toContain('hunter2');
  };
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: bytes.length * 8 - 1 }), async (bit) => {
      const changed = Uint8Array.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await isRefused(encodeBase64(changed), sealed.to);
    }),
    { numRuns: 300 },
  );
  const flip = (given: string, at: number, bit: number): string => {
    const i = at % given.length;
    return given.slice(0, i) + String.fromCharCode(given.charCodeAt(i) ^ (1 << bit)) + given.slice(i + 1);
  };
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.nat(), fc.nat({ max: 6 }), async (isReaders, at, bit) => {
      const [reader = ''] = sealed.to;
      if (isReaders) await isRefused(sealed.$sealed, [flip(reader, at, bit)]);
      else await isRefused(flip(sealed.$sealed, at, bit), sealed.to);
    }),
    { numRuns: 200 },
  );
});

test('a value opens at no other place', async () => {
  const place = fc.record({ application: text, key: text });
  await fc.assert(
    fc.asyncProperty(place, place, async (from, to) => {
      fc.pre(from.application !== to.application || from.key !== to.key);
      const sealed = await sealValue({ ...from, value: 1, recipients });
      await expect(openSealedValue({ ...to, sealed, identities })).rejects.toMatchObject({ code: 'denied' });
    }),
  );
});

test('any bytes have one text in base 64, and no other text is read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('A', 'B', 'g', '/', '=', ' ') }), (given) => {
      const bytes = decodeBase64(given);
      if (bytes !== undefined) expect(encodeBase64(bytes)).toBe(given);
    }),
    { numRuns: 1_000 },
  );
});
