// W3C Trace Context, level 2: the field `traceparent`.
import { seededRandom } from '@plumb/base';
import { expect, test } from 'vitest';
import { childTrace, formatTraceparent, newTrace, parseTraceparent } from './traceparent.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

test('a traceparent is read as the standard has it', () => {
  const check = (text: string | undefined, flags: number | undefined): void =>
    expect(parseTraceparent(text)).toEqual(flags === undefined ? undefined : { traceId: TRACE, spanId: SPAN, flags });
  check(`00-${TRACE}-${SPAN}-01`, 1);
  check(`00-${TRACE}-${SPAN}-00`, 0);
  check(`00-${TRACE}-${SPAN}-03`, 3);
  // Flags that the standard does not know are dropped.
  check(`00-${TRACE}-${SPAN}-ff`, 3);
  // A later version may have more behind it.
  check(`cc-${TRACE}-${SPAN}-01`, 1);
  check(`cc-${TRACE}-${SPAN}-01-what-the-future-brings`, 1);
  check(`cc-${TRACE}-${SPAN}-01.what`, undefined);
  check(`00-${TRACE}-${SPAN}-01-more`, undefined);
  check(`ff-${TRACE}-${SPAN}-01`, undefined);
  check(`00-${'0'.repeat(32)}-${SPAN}-01`, undefined);
  check(`00-${TRACE}-${'0'.repeat(16)}-01`, undefined);
  check(`00-${TRACE.toUpperCase()}-${SPAN}-01`, undefined);
  check(`00-${TRACE}-${SPAN}-0`, undefined);
  check(`0-${TRACE}-${SPAN}-01`, undefined);
  check(`00-${TRACE.slice(1)}-${SPAN}-01`, undefined);
  check(` 00-${TRACE}-${SPAN}-01`, undefined);
  check(`00-${TRACE}-${SPAN}-01\n`, undefined);
  check(`cc-${TRACE}-${SPAN}-01-${'x'.repeat(10_000)}`, undefined);
  check('', undefined);
  check(undefined, undefined);
});

test('a child is of the same trace with a span of its own; a new trace is well formed', () => {
  const random = seededRandom(1);
  const seen = new Set<string>();
  for (let i = 0; i < 1_000; i += 1) {
    const parent = newTrace(random);
    const child = childTrace(parent, random);
    expect(child).toEqual({ ...parent, spanId: expect.any(String) });
    for (const trace of [parent, child]) {
      expect(parseTraceparent(formatTraceparent(trace))).toEqual(trace);
      seen.add(trace.spanId);
    }
    seen.add(parent.traceId);
  }
  expect(seen.size).toBe(3_000);
});
