import { expect, test } from 'vitest';
import { lastWords } from './last-words.ts';

test('the line that names the error is what a program said last, not the stack below it', () => {
  const check = (lines: string, expected: string | undefined): void =>
    expect(lastWords(lines.split('\n'))).toBe(expected);
  check(
    "node:internal/modules/cjs/loader:1595\n  throw err;\n  ^\n\nError: Cannot find module 'x'\n    at Module.load (loader:1)\n  code: 'MODULE_NOT_FOUND',\n}\n\nNode.js v26.10.0",
    "Error: Cannot find module 'x'",
  );
  check('TypeError [ERR_X]: no till\n    at open (till.js:1)', 'TypeError [ERR_X]: no till');
  check(
    'panic: runtime error: index out of range\n\ngoroutine 1 [running]:',
    'panic: runtime error: index out of range',
  );
  check(
    "thread 'main' panicked at src/main.rs:2\nnote: run with RUST_BACKTRACE=1",
    "thread 'main' panicked at src/main.rs:2",
  );
  check('starts\n0 errors so far\nno till, I leave\n}', 'no till, I leave');
  check('  \n\n}', undefined);
  expect(lastWords([])).toBeUndefined();
  expect(lastWords(['x'.repeat(1_000)])).toHaveLength(200);
});
