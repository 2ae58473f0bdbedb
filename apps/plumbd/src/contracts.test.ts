// The RPC methods are the platform's public surface. Their list lies beside this file, so that a review sees it change.
import { describeService, formatType, type MethodDescription } from '@plumb/rpc';
import { expect, test } from 'vitest';
import { contracts } from './clients.ts';

/** Columns of a terminal that a list of methods fits into with its summaries. */
const SUMMARY_LENGTH_MAX = 80;

const described = await Promise.all(
  Object.entries(contracts).map(([service, contract]) => describeService(service, contract)),
);

test('every method says in one line what it is for', () => {
  for (const { method, summary = '' } of described.flat()) {
    expect(summary, method).toMatch(/^[A-Z].*[^.]\.$/);
    expect(summary.length, method).toBeLessThanOrEqual(SUMMARY_LENGTH_MAX);
  }
});

test('the surface is the one that was reviewed: `vitest run apps/plumbd/src/contracts.test.ts -u` writes it anew', async () => {
  await expect(`# RPC methods of plumbd\n\n${described.map(formatSection).join('\n\n')}\n`).toMatchFileSnapshot(
    '../api.snapshot.md',
  );
});

function formatSection(methods: readonly MethodDescription[]): string {
  const [service = ''] = methods[0]?.method.split('.') ?? [];
  const lines = methods
    .toSorted((a, b) => (a.method < b.method ? -1 : 1))
    .map(({ method, kind, scope = 'any caller', idempotent, takes = [], input = {}, output = {} }) => {
      const facts = [scope, ...(idempotent === true ? ['idempotent'] : []), ...takes.map((one) => `takes a ${one}`)];
      const answer = kind === 'stream' ? `stream of ${formatType(output)}` : formatType(output);
      return `- \`${method}\` (${facts.join(', ')}): \`${formatType(input)}\` → \`${answer}\``;
    });
  return `## ${service}\n\n${lines.join('\n')}`;
}
