import { expect, test } from 'vitest';
import { runDocBlock, runsOf } from './doc-runs.ts';

test('a block marked run is a program, with what it prints beside its console.log or in the text block below', () => {
  const beside = '```ts run\nconst a = 1; // One.\nconsole.log(a); // 1\nconsole.log("b"); // b\n```\n';
  const below = '# A\n```ts run\nfor (const a of [1, 2]) console.log(a);\n```\nno\n```text\n3\n```\n';
  const under = '```ts run\nfor (const a of [1, 2]) console.log(a);\n```\n\n```text\n1\n2\n```\n';
  const runs = [beside, '```ts\nconst notRun = 1;\n```\n', under].map(runsOf);
  expect(runs.map((found) => found.map(({ output }) => output))).toEqual([['1\nb'], [], ['1\n2']]);
  expect(runsOf(below)).toEqual([{ code: 'for (const a of [1, 2]) console.log(a);\n', line: 3, output: '' }]);
});

test('a program runs with its types, says what it prints, and tells how it failed', async () => {
  const here = import.meta.dirname;
  const good = await runDocBlock('const a: number = await Promise.resolve(1);\nconsole.log(a);', here);
  expect(good).toMatchObject({ code: 0, output: '1' });
  const bad = await runDocBlock('console.log(1);\nthrow new Error("why");', here);
  expect(bad).toMatchObject({ code: 1, output: '1', errors: expect.stringContaining('Error: why') });
});
