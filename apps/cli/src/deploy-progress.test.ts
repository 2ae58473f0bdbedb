import type { DeployProgress } from '@plumb/deploy';
import { expect, test } from 'vitest';
import { ProgressPrinter } from './deploy-progress.ts';
import { createStyle } from './style.ts';

type State = Extract<DeployProgress, { kind: 'waiting' }>['health']['state'];

/** What is printed of `[unit, state, reason]`; `explain` is the time after which reasons are told. */
function printed(...events: (readonly [unit: string, state: State, reason?: string] | 'explain')[]): string[] {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line.trim());
  const printer = new ProgressPrinter({ out: print, err: print, style: createStyle(false) });
  for (const event of events) {
    if (event === 'explain') {
      printer.explain();
      continue;
    }
    const [unit, state, reason] = event;
    printer.print({
      kind: 'waiting',
      unit,
      health: { state, sinceAt: 0, ...(reason === undefined ? {} : { reason }) },
    });
  }
  return lines;
}

test('an ordinary start is one line for each unit and state, without alarm', () => {
  expect(
    printed(
      ['shop/eth', 'starting', 'not started yet'],
      ['shop/web', 'starting', 'waits for eth'],
      ['shop/eth', 'starting', 'nothing answers on its port: see whether it runs'],
      ['shop/eth', 'ready'],
      ['shop/web', 'starting', 'it has just started'],
      ['shop/web', 'starting', '/ready does not answer: nothing listens there'],
    ),
  ).toEqual(['◐ shop/eth: starting', '◐ shop/web: waits for eth', '◐ shop/web: starting']);
});

test('a start that takes long is explained, each reason once, and only for what is still waited for', () => {
  expect(
    printed(
      ['shop/eth', 'starting'],
      ['shop/web', 'starting', '/ready answers 503: no database'],
      ['shop/eth', 'ready'],
      'explain',
      ['shop/web', 'starting', '/ready answers 503: migrating'],
      ['shop/web', 'starting', '/ready answers 503: no database'],
    ),
  ).toEqual([
    '◐ shop/eth: starting',
    '◐ shop/web: starting',
    '◐ shop/web: starting: /ready answers 503: no database',
    '◐ shop/web: starting: /ready answers 503: migrating',
  ]);
});

test('a failure is told at once, with its reason, and not again at each restart', () => {
  const again = [
    ['shop/web', 'starting', 'it has just started'],
    ['shop/web', 'failed', 'it is being restarted: it exited with code 1'],
  ] as const;
  expect(printed(...again, ...again, ...again)).toEqual([
    '◐ shop/web: starting',
    '✖ shop/web: failed: it is being restarted: it exited with code 1',
  ]);
});
