/** The same few things of our sockets and of the npm package `zeromq`, so that one load can be put on both. */
import * as zeromq from 'zeromq';
import { curveClient, curveServer } from '../src/curve.ts';
import { openSocket } from '../src/index.ts';

export type Keys = {
  readonly serverPublic: string;
  readonly serverSecret: string;
  readonly clientPublic: string;
  readonly clientSecret: string;
};

/** `ours` takes messages by `onMessage`, `ours, for await` by the loop that is also all that `zeromq` has. */
export type Maker = 'ours' | 'ours, for await' | 'zeromq';

export type Caller = {
  /** Sends `count` calls of which `window` are on their way at a time, and resolves with the last answer. */
  readonly call: (body: Buffer, count: number, window: number) => Promise<void>;
  readonly close: () => Promise<void> | void;
};

/** More than is ever sent, so that nothing is dropped and both sides do the same work. */
const HIGH_WATER_MARK = 1_000_000;

export async function openEcho(
  maker: Maker,
  keys: Keys | undefined,
): Promise<{ address: string; close: () => unknown }> {
  if (maker === 'zeromq') {
    const router = new zeromq.Router({
      linger: 0,
      ...(keys && { curveServer: true, curveSecretKey: keys.serverSecret, curvePublicKey: keys.serverPublic }),
    });
    await router.bind('tcp://127.0.0.1:*');
    void (async () => {
      for await (const parts of router) await router.send(parts);
    })();
    return { address: router.lastEndpoint ?? '', close: () => router.close() };
  }
  const authenticate = async (): Promise<string> => 'bench';
  const router = openSocket('ROUTER', {
    security: keys && curveServer({ secretKey: keys.serverSecret, authenticate }),
    onMessage: maker === 'ours' ? ({ parts }) => void router.trySend(parts) : undefined,
  });
  if (maker !== 'ours') {
    void (async () => {
      for await (const { parts } of router) await router.send(parts);
    })();
  }
  return { address: await router.bind('tcp://127.0.0.1:0'), close: () => router.close() };
}

export function openCaller(maker: Maker, address: string, keys: Keys | undefined): Caller {
  if (maker === 'zeromq') {
    const dealer = new zeromq.Dealer({
      linger: 0,
      ...(keys && {
        curveServerKey: keys.serverPublic,
        curvePublicKey: keys.clientPublic,
        curveSecretKey: keys.clientSecret,
      }),
    });
    dealer.connect(address);
    return loopCaller(
      async (body) => dealer.send(body),
      async () => dealer.receive(),
      () => dealer.close(),
    );
  }
  const security = keys && curveClient({ secretKey: keys.clientSecret, serverKey: keys.serverPublic });
  if (maker === 'ours, for await') {
    const dealer = openSocket('DEALER', { security });
    dealer.connect(address);
    return loopCaller(
      async (body) => dealer.send([body]),
      async () => dealer.receive(),
      async () => dealer.close(),
    );
  }
  let onAnswer = (): void => undefined;
  const dealer = openSocket('DEALER', { security, onMessage: () => onAnswer() });
  dealer.connect(address);
  return {
    call(body, count, window) {
      const { promise, resolve } = Promise.withResolvers<void>();
      let [sent, received] = [0, 0];
      const send = (): void => {
        sent += 1;
        if (!dealer.trySend([body])) throw new Error('the window is below every mark');
      };
      onAnswer = () => {
        received += 1;
        if (sent < count) send();
        else if (received === count) resolve();
      };
      for (let i = 0; i < Math.min(window, count); i += 1) send();
      return promise;
    },
    close: () => dealer.close(),
  };
}

function loopCaller(
  send: (body: Buffer) => Promise<void>,
  receive: () => Promise<unknown>,
  close: () => Promise<void> | void,
): Caller {
  return {
    async call(body, count, window) {
      for (let i = 0; i < Math.min(window, count); i += 1) await send(body);
      for (let received = 0, sent = Math.min(window, count); received < count; received += 1) {
        await receive();
        if (sent >= count) continue;
        sent += 1;
        await send(body);
      }
    },
    close,
  };
}

export type Publisher = {
  readonly address: string;
  readonly publish: (body: Buffer) => Promise<void>;
  readonly close: () => unknown;
};

export async function openPublisher(maker: Maker): Promise<Publisher> {
  if (maker === 'zeromq') {
    const pub = new zeromq.Publisher({ linger: 0, sendHighWaterMark: HIGH_WATER_MARK });
    await pub.bind('tcp://127.0.0.1:*');
    return { address: pub.lastEndpoint ?? '', publish: (body) => pub.send(body), close: () => pub.close() };
  }
  const pub = openSocket('PUB', { sendHighWaterMark: HIGH_WATER_MARK });
  const address = await pub.bind('tcp://127.0.0.1:0');
  return { address, publish: (body) => pub.send([body]), close: () => pub.close() };
}

/** `onBody` sees each delivery. */
export function openSubscriber(maker: Maker, address: string, onBody: (body: Buffer) => void): () => unknown {
  if (maker === 'zeromq') {
    const sub = new zeromq.Subscriber({ linger: 0, receiveHighWaterMark: HIGH_WATER_MARK });
    sub.subscribe();
    sub.connect(address);
    void (async () => {
      for await (const [body] of sub) onBody(body as Buffer);
    })();
    return () => sub.close();
  }
  const sub = openSocket('SUB', { onMessage: ({ parts }) => onBody(parts[0] as Buffer) });
  sub.subscribe();
  sub.connect(address);
  return () => sub.close();
}
