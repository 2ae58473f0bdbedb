/** REQ (RFC 28): one question, then its answer. A peer that is lost ends the wait, and the next question may go out. */
import { describeError, OperatingError } from '@plumb/base';
import type { Pipe } from '../pipe.ts';
import { RoundRobin } from '../round-robin.ts';
import type { Pattern } from './pattern.ts';

const DELIMITER = Buffer.alloc(0);

export type RequestOptions = {
  /** Fails the `receive` of the answer. */
  readonly onLost: (reason: OperatingError) => void;
  /** Whatever became of earlier questions is of no interest any more. */
  readonly onAsked: () => void;
};

export function requestPattern({ onLost, onAsked }: RequestOptions): Pattern {
  const peers = new RoundRobin();
  let asked: Pipe | undefined;
  let isAnswered = false;

  const forget = (pipe: Pipe, why: string): void => {
    if (asked !== pipe || isAnswered) return;
    asked = undefined;
    // It would be sent to the next connection, and its answer would be taken for that of another question.
    pipe.clearOutput();
    onLost(new OperatingError('unavailable', `no answer will come: ${why}: ask again`));
  };

  return {
    queuesEarly: true,
    canReceive: true,
    attach: (pipe) => peers.add(pipe),
    lose: (pipe, reason) => forget(pipe, describeError(reason)),
    detach(pipe) {
      peers.delete(pipe);
      forget(pipe, 'the peer is gone');
    },
    accept(pipe, parts) {
      if (asked !== pipe || isAnswered || parts[0]?.length !== 0) return undefined;
      isAnswered = true;
      return parts.slice(1);
    },
    take(message) {
      asked = undefined;
      isAnswered = false;
      return message;
    },
    send(parts) {
      if (asked !== undefined)
        throw new OperatingError('invalid', 'the answer to the last question was not received yet');
      asked = peers.trySend([DELIMITER, ...parts]);
      if (asked === undefined) return 'full';
      onAsked();
      return 'sent';
    },
  };
}
