/** ROUTER (RFC 28): each message begins with the routing id of the peer that it comes from or goes to. */
import { OperatingError, type Random, randomInteger } from '@plumb/base';
import type { Pipe } from '../pipe.ts';
import type { Pattern } from './pattern.ts';

const GIVEN_ID_BYTES = 5;

export function routerPattern({ mandatory, random }: { mandatory: boolean; random: Random }): Pattern {
  const pipes = new Map<string, Pipe>();
  const keys = new Map<Pipe, { readonly key: string; readonly routingId: Buffer }>();
  let counter = randomInteger(random, 0, 0xffff_ffff);

  /** A zero byte, which no peer may choose, and a number that is not in use. */
  const newRoutingId = (): Buffer => {
    const routingId = Buffer.alloc(GIVEN_ID_BYTES);
    do {
      counter = (counter + 1) >>> 0;
      routingId.writeUInt32BE(counter, 1);
    } while (pipes.has(routingId.toString('latin1')));
    return routingId;
  };

  return {
    queuesEarly: false,
    canReceive: true,
    attach(pipe) {
      const chosen = pipe.carrier?.session.peerRoutingId ?? Buffer.alloc(0);
      const routingId = chosen.length > 0 ? chosen : newRoutingId();
      const key = routingId.toString('latin1');
      if (pipes.has(key))
        throw new OperatingError('already-exists', 'another peer has the same routing id: give it its own');
      pipes.set(key, pipe);
      keys.set(pipe, { key, routingId });
      pipe.routingId = routingId;
    },
    detach(pipe) {
      pipes.delete(keys.get(pipe)?.key ?? '');
      keys.delete(pipe);
    },
    accept(pipe, parts) {
      parts.unshift(pipe.routingId);
      return parts;
    },
    send(parts) {
      const [routingId, ...rest] = parts;
      if (routingId === undefined || rest.length === 0) {
        throw new OperatingError('invalid', 'a ROUTER sends a routing id, then at least one part');
      }
      const pipe = pipes.get(Buffer.from(routingId.buffer, routingId.byteOffset, routingId.length).toString('latin1'));
      if (pipe?.trySend(rest) === true) return 'sent';
      if (!mandatory) return 'dropped';
      if (pipe === undefined) throw new OperatingError('not-found', 'no peer has this routing id: it may have gone');
      throw new OperatingError('exhausted', 'the peer does not read what is sent to it: its queue is at the mark');
    },
  };
}
