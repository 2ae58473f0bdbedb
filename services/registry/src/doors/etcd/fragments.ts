import { FRAGMENT_SIZE_BYTES } from './limits.ts';
import type { Sent } from './message-type.ts';
import { event } from './messages.ts';
import { sizeOfMessage } from './wire-codec.ts';

/** Pieces of at most `sizeBytes`, each with one event at least. */
export function splitEvents(
  events: readonly Sent<typeof event>[],
  sizeBytes = FRAGMENT_SIZE_BYTES,
): Sent<typeof event>[][] {
  const pieces: Sent<typeof event>[][] = [];
  let piece: Sent<typeof event>[] = [];
  let pieceSize = 0;
  for (const one of events) {
    const size = sizeOfMessage(event, one);
    if (piece.length > 0 && pieceSize + size > sizeBytes) {
      pieces.push(piece);
      [piece, pieceSize] = [[], 0];
    }
    piece.push(one);
    pieceSize += size;
  }
  pieces.push(piece);
  return pieces;
}
