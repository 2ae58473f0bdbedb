import { OperatingError, seededRandom } from '@plumb/base';
import { createFakeClock, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { CONFIG_PARTS, type ConfigPart, createConfigPulse, followConfigParts } from './config-follow.ts';

type Feed = AsyncGenerator<{ application: string; parts: ConfigPart[] }>;

function start(feeds: (() => Feed)[]) {
  const pulse = createConfigPulse();
  const clock = createFakeClock();
  const stop = new AbortController();
  const config = { follow: (): Feed => (feeds.shift() ?? waitForever)() };
  const world = { clock, random: seededRandom(1) };
  const done = followConfigParts(pulse, { config }, { application: 'tipjar', world, stop: stop.signal });
  return { pulse, clock, stop, done };
}

const forever = (): Promise<never> => new Promise(() => undefined);

async function* waitForever(): Feed {
  yield await forever();
}

test('a part that became different is asked again, and no other', async () => {
  const { pulse, stop } = start([
    async function* () {
      yield { application: 'tipjar', parts: ['values', 'convergence'] };
      yield { application: 'tipjar', parts: ['values'] };
      await forever();
    },
  ]);
  await until('both events', () => pulse.values.value === 2);
  expect(CONFIG_PARTS.map((part) => pulse[part].value)).toEqual([2, 0, 0, 0, 1, 0, 0]);
  stop.abort();
});

test('after a lost connection all parts are asked again: nobody knows what was missed', async () => {
  const { pulse, clock, stop } = start([
    async function* () {
      yield { application: 'tipjar', parts: ['values'] };
      throw new OperatingError('unavailable', 'the connection was lost');
    },
    waitForever,
  ]);
  await until('the second subscription', async () => {
    await clock.advance(1_000);
    return pulse.schema.value === 1;
  });
  expect(CONFIG_PARTS.map((part) => pulse[part].value)).toEqual([2, 1, 1, 1, 1, 1, 1]);
  stop.abort();
});

test('a refusal is told', async () => {
  const { pulse, done } = start([
    // oxlint-disable-next-line require-yield -- it is refused before its first item
    async function* () {
      throw new OperatingError('denied', 'config:read is missing');
    },
  ]);
  await done;
  expect(pulse.refused.value).toContain('config:read is missing');
});
