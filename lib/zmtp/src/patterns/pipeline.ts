/** DEALER, PUSH, PULL and PAIR: messages as they are, to peers in turn, from peers in turn (RFC 28, 30, 31). */
import { OperatingError } from '@plumb/base';
import { RoundRobin } from '../round-robin.ts';
import type { Pattern } from './pattern.ts';

export function pipelinePattern({ canSend, canReceive }: { canSend: boolean; canReceive: boolean }): Pattern {
  const peers = new RoundRobin();
  return {
    queuesEarly: canSend,
    canReceive,
    attach: (pipe) => peers.add(pipe),
    detach: (pipe) => peers.delete(pipe),
    accept: (_pipe, parts) => (canReceive ? parts : undefined),
    send(parts) {
      if (!canSend) throw new OperatingError('invalid', 'a socket of type PULL does not send: use PUSH');
      return peers.trySend(parts) === undefined ? 'full' : 'sent';
    },
  };
}
