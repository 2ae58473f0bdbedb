import { openTemporaryDirectory } from '@plumb/testing';
import fs from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { decryptFile, decryptFileTo, encryptFile } from './encrypted-file.ts';
import { generateIdentity, recipientOf } from './identity.ts';

const identity = await generateIdentity();
const readers = { recipients: [await recipientOf(identity)] };
const keys = { identities: [identity] };
/** More than two of the 64 KiB pieces of age. */
const content = Uint8Array.from({ length: 200_001 }, (_, i) => (i * 7_919) >> 5);

test('a file comes back, from bytes or a stream, binary or in armor, and only its owner can read it', async () => {
  await using directory = await openTemporaryDirectory();
  const at = (name: string): string => path.join(directory.path, name);
  await encryptFile(at('bytes'), content, readers);
  await encryptFile(at('stream'), new Blob([content]).stream(), readers);
  await encryptFile(at('armored'), content, { ...readers, armored: true });
  expect(await fs.readFile(at('armored'), 'latin1')).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n/);
  for (const name of ['bytes', 'stream', 'armored']) {
    expect((await fs.stat(at(name))).mode & 0o777).toBe(0o600);
    expect(Buffer.compare(await decryptFile(at(name), keys), content)).toBe(0);
    await decryptFileTo(at(name), at('plain'), keys);
    expect(Buffer.compare(await fs.readFile(at('plain')), content)).toBe(0);
    expect((await fs.stat(at('plain'))).mode & 0o777).toBe(0o600);
    await fs.rm(at('plain'));
  }
  expect((await fs.readdir(directory.path)).sort()).toEqual(['armored', 'bytes', 'stream']);
});

test('a passphrase opens what was encrypted with it', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'file');
  await encryptFile(file, content, { passphrase: 'five random words of it', workFactor: 10 });
  expect(Buffer.compare(await decryptFile(file, { passphrase: 'five random words of it' }), content)).toBe(0);
  await expect(decryptFile(file, { passphrase: 'another' })).rejects.toMatchObject({ code: 'denied' });
});

test('when the content fails the old file stays, and nothing else', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'file');
  await encryptFile(file, content, readers);
  const before = await fs.readFile(file);
  const failing = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(content);
      controller.error(new Error('the disk of the source broke'));
    },
  });
  await expect(encryptFile(file, failing, readers)).rejects.toThrow('the disk of the source broke');
  expect(await fs.readFile(file)).toEqual(before);
  expect(await fs.readdir(directory.path)).toEqual(['file']);
});

test('a file that was cut or changed, at its end too, leaves nothing behind', async () => {
  await using directory = await openTemporaryDirectory();
  const [file, target] = [path.join(directory.path, 'file'), path.join(directory.path, 'target')];
  await encryptFile(file, content, readers);
  const bytes = await fs.readFile(file);
  await fs.writeFile(target, 'as before');
  const check = async (changed: Uint8Array): Promise<void> => {
    await fs.writeFile(file, changed);
    const says = { code: 'invalid', message: `${file} was not decrypted` };
    await expect(decryptFile(file, keys)).rejects.toMatchObject(says);
    await expect(decryptFileTo(file, target, keys)).rejects.toMatchObject(says);
    expect(await fs.readFile(target, 'utf8')).toBe('as before');
    expect((await fs.readdir(directory.path)).sort()).toEqual(['file', 'target']);
  };
  await check(bytes.subarray(0, -1));
  await check(bytes.subarray(0, 65_536 + 500));
  await check(Buffer.concat([bytes, Buffer.from([0])]));
  await check(bytes.with(bytes.length - 20, (bytes.at(-20) ?? 0) ^ 1));
  await check(Buffer.from('not an age file'));
  await check(Buffer.alloc(0));
});

test('the wrong key, no file, one that is too large, and a stream in armor are refused', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'file');
  await encryptFile(file, content, readers);
  const stranger = { identities: [await generateIdentity()] };
  await expect(decryptFile(file, stranger)).rejects.toMatchObject({ code: 'denied' });
  await expect(decryptFileTo(file, `${file}.plain`, stranger)).rejects.toMatchObject({ code: 'denied' });
  await expect(decryptFile(`${file}x`, keys)).rejects.toMatchObject({ code: 'not-found' });
  await expect(decryptFile(file, { ...keys, sizeBytesMax: 1_000 })).rejects.toMatchObject({ code: 'exhausted' });
  const stream = new Blob([content]).stream();
  await expect(encryptFile(file, stream, { ...readers, armored: true })).rejects.toMatchObject({ code: 'invalid' });
});
