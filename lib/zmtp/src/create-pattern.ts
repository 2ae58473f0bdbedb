import type { Inbound } from './inbound.ts';
import type { Settings } from './options.ts';
import type { Pattern } from './patterns/pattern.ts';
import { pipelinePattern } from './patterns/pipeline.ts';
import { publishPattern } from './patterns/publish.ts';
import { replyPattern } from './patterns/reply.ts';
import { requestPattern } from './patterns/request.ts';
import { routerPattern } from './patterns/router.ts';
import { subscribePattern } from './patterns/subscribe.ts';
import type { Peer, Pipe } from './pipe.ts';
import type { SocketType } from './socket-type.ts';

/** What patterns need of the socket that they work for. */
export type PatternHost = {
  readonly settings: Settings;
  readonly inbound: () => Inbound;
  readonly pipeOf: (peer: Peer | undefined) => Pipe | undefined;
  readonly deliver: (pipe: Pipe, parts: Buffer[]) => void;
  readonly onDrop: () => void;
};

export function createPattern(type: SocketType, { settings, inbound, pipeOf, deliver, onDrop }: PatternHost): Pattern {
  switch (type) {
    case 'REQ':
      return requestPattern({ onLost: (reason) => inbound().fail(reason), onAsked: () => inbound().forgive() });
    case 'REP':
      return replyPattern(pipeOf);
    case 'DEALER':
    case 'PAIR':
      return pipelinePattern({ canSend: true, canReceive: true });
    case 'PUSH':
      return pipelinePattern({ canSend: true, canReceive: false });
    case 'PULL':
      return pipelinePattern({ canSend: false, canReceive: true });
    case 'ROUTER':
      return routerPattern(settings);
    case 'PUB':
    case 'XPUB':
      return publishPattern({ ...settings, isExtended: type === 'XPUB', deliver, onDrop });
    case 'SUB':
    case 'XSUB':
      return subscribePattern({ isExtended: type === 'XSUB' });
  }
}
