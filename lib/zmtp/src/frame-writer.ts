/** Queued messages as bytes for one write. */
import { FLAG, LONG_HEADER_BYTES, writeHeader } from './frame.ts';
import type { FrameCodec } from './security.ts';

/** Above this a plain body is handed to the socket as it is: the system call then costs less than the copy. */
const COPY_BYTES_MAX = 32_768;

/** What goes out: command bodies first, then messages in order. Returns the buffers to write, in order. */
export function encodeBatch(
  commands: readonly Uint8Array[],
  messages: readonly (readonly Uint8Array[])[],
  codec: FrameCodec,
): Buffer[] {
  let size = 0;
  for (const command of commands) size += codec.sizeOf(command.length);
  for (const parts of messages)
    for (const part of parts) size += isCopied(part, codec) ? codec.sizeOf(part.length) : LONG_HEADER_BYTES;

  const target = Buffer.allocUnsafe(size);
  const buffers: Buffer[] = [];
  let begin = 0;
  let at = 0;
  for (const command of commands) at = codec.write(target, at, FLAG.command, command);
  for (const parts of messages) {
    const last = parts.length - 1;
    for (let i = 0; i <= last; i += 1) {
      const part = parts[i] as Uint8Array;
      const flags = i < last ? FLAG.more : 0;
      if (isCopied(part, codec)) {
        at = codec.write(target, at, flags, part);
      } else {
        at = writeHeader(target, at, flags, part.length);
        buffers.push(target.subarray(begin, at), Buffer.from(part.buffer, part.byteOffset, part.length));
        begin = at;
      }
    }
  }
  if (at > begin) buffers.push(target.subarray(begin, at));
  return buffers;
}

/** What is sealed is written anew anyway. */
function isCopied(part: Uint8Array, codec: FrameCodec): boolean {
  return part.length <= COPY_BYTES_MAX || codec.overheadBytes > 0;
}
