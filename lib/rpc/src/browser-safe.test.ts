import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

// Goal: a web page can import `@plumb/rpc`. Method: follow every import of its door to packages that a browser has not.
test('nothing behind the door for browsers needs Node.js', () => {
  const seen = new Set<string>();
  const outside = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = fs.readFileSync(file, 'utf8');
    expect(text, file).not.toMatch(/\bBuffer\.|(?<![-.])\bprocess\.[a-z]/);
    for (const [, specifier = ''] of text.matchAll(/(?:^(?:import |export |\}).*?from |\bimport\()'([^']+)'/gm)) {
      if (specifier.startsWith('.')) visit(path.join(path.dirname(file), specifier));
      else outside.add(specifier);
    }
  };
  visit(path.join(import.meta.dirname, 'index.ts'));
  // The one package of ours, but for the base, that it needs.
  visit(path.join(import.meta.dirname, '../../cbor/src/plain.ts'));
  expect(seen.size).toBeGreaterThan(20);
  expect([...outside].sort()).toEqual(['@plumb/base', '@plumb/cbor/plain', '@valibot/to-json-schema', 'valibot']);
});
