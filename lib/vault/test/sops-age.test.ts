/** A reader of SOPS files that we did not write (npm `sops-age`) reads what we write. */
import { systemClock as clock } from '@plumb/base';
import { generateIdentity, recipientOf } from '@plumb/vault';
import { type SopsFormat, type SopsValues, writeSops } from '@plumb/vault/sops';
import { decryptSops } from 'sops-age';
import { expect, test } from 'vitest';

const identity = await generateIdentity();
const recipients = [await recipientOf(identity), await recipientOf(await generateIdentity())];

test('npm sops-age reads what is written', async () => {
  const check = async (format: Exclude<SopsFormat, 'binary'>, values: SopsValues): Promise<void> => {
    const fileType = ({ yaml: 'yaml', json: 'json', dotenv: 'env' } as const)[format];
    for (const rule of [undefined, { name: 'encrypted_regex', text: '^(password|A)$' } as const]) {
      const file = await writeSops(values, { format, recipients, clock, rules: rule === undefined ? {} : { rule } });
      expect(file).not.toContain('hunter2');
      expect(await decryptSops(file, { secretKey: identity, fileType })).toEqual(values);
    }
  };
  const nested = {
    password: 'hunter2',
    'a key': { list: ['x', 1, 2.5, true, { deep: 'grün ☕' }], port: 5_432, ratio: 1e-7, off: false, empty: '' },
    lines: { a_unencrypted: 'seen', multi: 'one\ntwo\n' },
  };
  await check('yaml', nested);
  await check('json', nested);
  // It leaves `\n` in a line that is not encrypted as it is, where sops makes a line break of it.
  await check('dotenv', { A: 'hunter2', B: 'two words' });
});
