/** REP (RFC 28): receives a question, then sends its answer to where it came from. */
import { OperatingError } from '@plumb/base';
import type { Pipe } from '../pipe.ts';
import type { Pattern } from './pattern.ts';

/** `pipeOf` finds who sent a message; undefined once it is gone. */
export function replyPattern(pipeOf: (peer: Pipe['peer']) => Pipe | undefined): Pattern {
  let owed: { readonly peer: Pipe['peer']; readonly envelope: readonly Buffer[] } | undefined;
  return {
    queuesEarly: false,
    canReceive: true,
    attach: () => undefined,
    detach: () => undefined,
    // What has no delimiter is no question, and could not be answered.
    accept: (_pipe, parts) => (parts.some((part) => part.length === 0) ? parts : undefined),
    take({ parts, peer }) {
      const bodyAt = parts.findIndex((part) => part.length === 0) + 1;
      owed = { peer, envelope: parts.slice(0, bodyAt) };
      return { parts: parts.slice(bodyAt), peer };
    },
    checkReceive() {
      if (owed !== undefined) throw new OperatingError('invalid', 'the last question was not answered yet');
    },
    send(parts) {
      if (owed === undefined) throw new OperatingError('invalid', 'there is no question to answer: receive one first');
      const { peer, envelope } = owed;
      owed = undefined;
      return pipeOf(peer)?.trySend([...envelope, ...parts]) === true ? 'sent' : 'dropped';
    },
  };
}
