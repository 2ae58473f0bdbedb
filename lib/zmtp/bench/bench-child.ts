/** The second process of zmtp.bench.ts: echoes, or subscribes. It is told what to do over its parent's channel. */
import { type Keys, type Maker, openEcho, openSubscriber } from './bench-sockets.ts';

export type Order =
  | { readonly kind: 'echo'; readonly maker: Maker; readonly keys?: Keys | undefined }
  | { readonly kind: 'subscribe'; readonly maker: Maker; readonly address: string; readonly subscribers: number }
  | { readonly kind: 'cpu' };
export type Report =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'heard' | 'done' }
  | { readonly kind: 'cpu'; readonly us: number };

const tell = (report: Report): void => void process.send?.(report);

process.on('message', (order: Order) => void obey(order));

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case 'cpu': {
      const { user, system } = process.cpuUsage();
      return tell({ kind: 'cpu', us: user + system });
    }
    case 'echo':
      return tell({ kind: 'address', address: (await openEcho(order.maker, order.keys)).address });
    case 'subscribe': {
      // A body's first byte says what it is: 1 to see whether everybody listens, 2 the load, 3 its end.
      const counts = { heard: 0, done: 0 };
      for (let i = 0; i < order.subscribers; i += 1) {
        let isHeard = false;
        openSubscriber(order.maker, order.address, (body) => {
          if (body[0] === 1 && !isHeard) {
            isHeard = true;
            counts.heard += 1;
            if (counts.heard === order.subscribers) tell({ kind: 'heard' });
          }
          if (body[0] === 3) {
            counts.done += 1;
            if (counts.done === order.subscribers) tell({ kind: 'done' });
          }
        });
      }
    }
  }
}
