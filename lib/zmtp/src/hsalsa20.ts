const ROUNDS = 20;
const SIGMA = Buffer.from('expand 32-byte k', 'latin1');

/**
 * HSalsa20 ("Extending the Salsa20 nonce", Bernstein 2011) of a key of 32 bytes and a nonce of 16 zeros: how crypto_box
 * makes a key for secretbox out of a shared secret. libsodium has it; its binding does not show it.
 */
export function hsalsa20(key: Buffer): Buffer {
  const x = new Uint32Array(16);
  for (let i = 0; i < 4; i += 1) {
    x[i * 5] = SIGMA.readUInt32LE(i * 4);
    x[1 + i] = key.readUInt32LE(i * 4);
    x[11 + i] = key.readUInt32LE(16 + i * 4);
  }
  for (let round = 0; round < ROUNDS; round += 2) {
    quarter(x, 0, 4, 8, 12);
    quarter(x, 5, 9, 13, 1);
    quarter(x, 10, 14, 2, 6);
    quarter(x, 15, 3, 7, 11);
    quarter(x, 0, 1, 2, 3);
    quarter(x, 5, 6, 7, 4);
    quarter(x, 10, 11, 8, 9);
    quarter(x, 15, 12, 13, 14);
  }
  const result = Buffer.alloc(32);
  [0, 5, 10, 15, 6, 7, 8, 9].forEach((word, i) => result.writeUInt32LE(x[word] as number, i * 4));
  return result;
}

function quarter(x: Uint32Array, a: number, b: number, c: number, d: number): void {
  mix(x, b, a, d, 7);
  mix(x, c, b, a, 9);
  mix(x, d, c, b, 13);
  mix(x, a, d, c, 18);
}

/** x[target] ^= (x[one] + x[two]) <<< bits */
function mix(x: Uint32Array, target: number, one: number, two: number, bits: number): void {
  const sum = ((x[one] as number) + (x[two] as number)) | 0;
  x[target] = (x[target] as number) ^ ((sum << bits) | (sum >>> (32 - bits)));
}
