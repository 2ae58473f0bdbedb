import type { OperatingError } from '@plumb/base';
import type { Message, Pipe } from '../pipe.ts';

/** `full` waits for room; `dropped` is what the type of socket does with a message that nobody can take. */
export type SendOutcome = 'sent' | 'full' | 'dropped';

/** What one type of socket does with its peers' messages (RFC 28 to 31). Pure: no sockets, no time. */
export type Pattern = {
  /** Whether messages may wait for a peer before the first connection to it. */
  readonly queuesEarly: boolean;
  readonly canReceive: boolean;
  /** This peer can be sent to from now on. */
  readonly attach: (pipe: Pipe) => void;

  /** Its connection is lost; another may follow, if `attach` came before the first. */
  readonly lose?: (pipe: Pipe, reason: OperatingError) => void;
  readonly detach: (pipe: Pipe) => void;
  /** A message has arrived: what is queued for the receiver, undefined for nothing. */
  readonly accept: (pipe: Pipe, parts: Buffer[]) => Buffer[] | undefined;
  /** It is handed to the receiver, who sees what is returned. */
  readonly take?: (message: Message) => Message;
  /** @throws OperatingError `invalid` where it is not the turn to receive. */
  readonly checkReceive?: () => void;
  /** A SUBSCRIBE or CANCEL. */
  readonly onSubscription?: (pipe: Pipe, isWanted: boolean, topic: Buffer) => void;
  readonly subscribe?: (topic: Buffer, isWanted: boolean) => void;
  /** @throws OperatingError `invalid` for what this socket never sends; `not-found`, `exhausted` with `mandatory`. */
  readonly send: (parts: readonly Uint8Array[]) => SendOutcome;
};
