/** Mechanism NULL (RFC 37): no proof, no secrecy. Both sides send READY at once. */
import { OperatingError } from '@plumb/base';
import { encodeCommand, parseCommand, parseError } from './command.ts';
import { headerBytes, writeHeader } from './frame.ts';
import { parseMetadata } from './metadata.ts';
import { protocolFault } from './protocol-fault.ts';
import type { FrameCodec, Handshake, HandshakeFacts, HandshakeStep, Security } from './security.ts';

export const PLAIN_CODEC: FrameCodec = {
  sizeOf: (bodyBytes) => headerBytes(bodyBytes) + bodyBytes,
  write(target, offset, flags, body) {
    const start = writeHeader(target, offset, flags, body.length);
    target.set(body, start);
    return start + body.length;
  },
  overheadBytes: 0,
};

export const NULL_SECURITY: Security = { mechanism: 'NULL', isServer: false, openHandshake };

function openHandshake({ metadata }: HandshakeFacts): Handshake {
  return {
    begin: () => ({ send: encodeCommand('READY', metadata) }),
    receive(bytes): HandshakeStep {
      const { name, body } = parseCommand(bytes);
      if (name === 'ERROR') throw refusedBy(body);
      if (name !== 'READY') throw protocolFault('it did not begin with READY');
      return { established: { codec: PLAIN_CODEC, metadata: parseMetadata(body), proof: {} } };
    },
  };
}

/** The peer said why it does not want us. */
export function refusedBy(errorBody: Buffer): OperatingError {
  return new OperatingError('denied', `the peer refused: "${parseError(errorBody)}"`);
}
