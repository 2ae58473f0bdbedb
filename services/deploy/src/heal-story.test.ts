import type { Exit } from '@plumb/supervise';
import { expect, test } from 'vitest';
import { HealStory } from './heal-story.ts';

const killed = (at: number): Exit => ({ code: null, signal: 'SIGKILL', at });
const failed = (at: number): Exit => ({ code: 1, signal: null, at });

test('a death and the next readiness are one line', () => {
  const story = new HealStory('tipjar/web');
  expect(story.ready(0)).toBeUndefined();
  story.died(killed(1_000));
  expect(story.ready(2_200)).toBe('tipjar/web was killed (SIGKILL); restarted, ready again after 1.2 s');
  expect(story.ready(9_000)).toBeUndefined();
  story.died(failed(10_000));
  story.died(killed(11_000));
  expect(story.ready(14_000)).toBe('tipjar/web exited with code 1; restarted 2 times, ready again after 4.0 s');
});

test('what a person does is no healing', () => {
  const story = new HealStory('tipjar/web');
  story.died(killed(0));
  story.forget();
  expect(story.ready(10)).toBeUndefined();
});

test('giving up says how often, how it ended last, and what it said', () => {
  const check = (exit: Exit, line: string | undefined, expected: string): void => {
    expect(new HealStory('tipjar/web').gaveUp({ exitCount: 5, withinMs: 41_000, exit }, line)).toBe(expected);
  };
  check(
    failed(0),
    'no "till"',
    'tipjar/web exited 5 times in 41 s (last: code 1); it stays down. It said: "no \\"till\\""',
  );
  check(killed(0), undefined, 'tipjar/web exited 5 times in 41 s (last: SIGKILL); it stays down.');
  const reason = 'the program "nodee" was not found: install it, or write its path';
  check(
    { code: null, signal: null, at: 0, reason },
    'old',
    `tipjar/web could not be started 5 times in 41 s: ${reason}; it stays down`,
  );
});
