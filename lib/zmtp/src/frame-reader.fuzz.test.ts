// Goal: frames come out as they went in, however the bytes are cut and however often the receiver stops; nothing else
// comes out of other bytes. Method: random frames, cuts and stops.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeFrame, FLAG } from './frame.ts';
import { FrameReader } from './frame-reader.ts';

const BODY_BYTES_MAX = 200_000;
const size = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(255, 256, 65_535, 65_536, 65_537, 150_000));
const frame = fc.record({ flags: fc.constantFrom(0, FLAG.more, FLAG.command), size, fill: fc.nat(255) });
const cut = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 21, max: 100_000 }));

test('any cutting and any stopping gives the frames that were written', () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 8 }),
      fc.array(cut, { minLength: 1 }),
      fc.array(fc.boolean()),
      fc.boolean(),
      (frames, cuts, stops, isRoomUsed) => {
        const sent = frames.map(({ flags, size, fill }) => ({ flags, body: Buffer.alloc(size, fill) }));
        const wire = Buffer.concat(sent.map(({ flags, body }) => encodeFrame(flags, body)));
        const seen: { flags: number; body: Buffer }[] = [];
        const reader = new FrameReader(BODY_BYTES_MAX, (flags, body) => {
          seen.push({ flags: flags & ~FLAG.long, body });
          return stops[seen.length] !== true;
        });
        for (let at = 0, i = 0; at < wire.length; i += 1) {
          let end = at + (cuts[i % cuts.length] as number);
          const { room } = isRoomUsed ? reader : {};
          if (room === undefined) reader.push(wire.subarray(at, end));
          else reader.advance((end = at + wire.copy(room, 0, at, Math.min(end, at + room.length))) - at);
          at = end;
          if (i % 3 === 0) reader.resume();
        }
        while (!reader.resume()) continue;
        expect(seen.length).toBe(sent.length);
        for (const [i, { flags, body }] of sent.entries()) {
          expect(seen[i]?.flags).toBe(flags);
          expect(seen[i]?.body.equals(body)).toBe(true);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('random bytes give frames within the limit or a fault, never anything else', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 64 }), { maxLength: 20 }), (chunks) => {
      let total = 0;
      const reader = new FrameReader(100, (_flags, body) => {
        expect(body.length).toBeLessThanOrEqual(100);
        total += body.length;
        return true;
      });
      let given = 0;
      try {
        for (const chunk of chunks) {
          reader.push(Buffer.from(chunk));
          given += chunk.length;
        }
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid' });
        return;
      }
      expect(total).toBeLessThanOrEqual(given);
    }),
  );
});

test('a body within one chunk is a view of it', () => {
  const chunk = Buffer.concat([encodeFrame(0, Buffer.from('one')), encodeFrame(0, Buffer.alloc(300))]);
  const bodies: Buffer[] = [];
  new FrameReader(1_000, (_flags, body) => bodies.push(body) > 0).push(chunk);
  expect(bodies.map((body) => body.buffer === chunk.buffer)).toEqual([true, true]);
});

test('a size above the limit is refused before its body comes, and announces no memory', () => {
  const announce = (bytes: number): Buffer => {
    const header = Buffer.alloc(9);
    header[0] = FLAG.long;
    header.writeBigUInt64BE(BigInt(bytes), 1);
    return header;
  };
  expect(() => new FrameReader(1_000, () => true).push(announce(1_001))).toThrow('a frame of 1001 bytes, above 1000');
  expect(() => new FrameReader(1_000, () => true).push(Buffer.alloc(9, 0xff))).toThrow('reserved');
  const before = process.memoryUsage().arrayBuffers;
  const reader = new FrameReader(2 ** 40, () => true);
  reader.push(announce(2 ** 39));
  for (let i = 0; i < 3; i += 1) reader.push(Buffer.alloc(50_000));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 150_000);
});
