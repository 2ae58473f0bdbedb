/**
 * A network in memory, and the processes on it, for code that is written against `node:net`: what they send arrives late,
 * in pieces, and in order; connections break in the middle of anything; processes are stopped, killed and started again.
 * Everything happens on one clock and one source of randomness, so a run can be repeated.
 *
 * A process is known by the name of its host. It listens there, and connects to `OWN.to.OTHER`, which says who it is.
 */
import type net from 'node:net';
import { FakeProgram, type FakeProcess } from './fake-process.ts';
import { FakeServer } from './fake-server.ts';
import type { FakeSocket } from './fake-socket.ts';
import type { WireOptions } from './fake-wire.ts';

/** TCP's probes find that the other machine is gone after this, where nothing is on its way to it. */
const PROBES_MS = 11_000;
const CONNECT_TIMEOUT_MS = 120_000;
const PORT_MIN = 40_000;

/** One that both kernels have agreed to. */
export type FakeConnection = {
  readonly from: string;
  readonly to: string;
  /** Both sides learn of it. */
  readonly cut: () => void;
  /** Cut when so many more bytes have arrived on one side, and not one more. */
  readonly cutAfter: (towards: 'from' | 'to', bytes: number) => void;
  /** Takes `cutAfter` back. */
  readonly mend: () => void;
};

/** The part of `node:net` that there is. */
export type FakeNet = {
  readonly connect: (options: { readonly host: string; readonly port: number }) => net.Socket;
  readonly createServer: (options: object, onConnection: (socket: net.Socket) => void) => net.Server;
};

export type FakeNetwork = {
  readonly net: FakeNet;
  /** Starts a process, which takes the place of a killed one at the same host. */
  readonly start: (host: string) => FakeProcess;
  readonly connections: () => readonly FakeConnection[];
  /** Nothing passes between two hosts, and nobody is told, until it is joined again. */
  readonly part: (a: string, b: string) => void;
  readonly join: (a: string, b: string) => void;
};

export function createFakeNetwork(options: WireOptions): FakeNetwork {
  return new Network(options);
}

type Pair = {
  readonly from: FakeProgram;
  readonly to: FakeProgram;
  readonly near: FakeSocket;
  readonly far: FakeSocket;
};

class Network implements FakeNetwork {
  readonly options: WireOptions;
  readonly net: FakeNet;
  readonly listeners = new Map<string, FakeServer>();
  readonly #programs = new Map<string, FakeProgram>();
  readonly #pairs = new Set<Pair>();
  readonly #parted = new Set<string>();
  #lastPort = PORT_MIN;

  constructor(options: WireOptions) {
    this.options = options;
    this.net = {
      connect: ({ host, port }) => this.#connect(host, port) as unknown as net.Socket,
      createServer: (_options, onConnection) => {
        const server = new FakeServer(this, onConnection as unknown as (socket: FakeSocket) => void);
        return server as unknown as net.Server;
      },
    };
  }

  start(host: string): FakeProcess {
    const program = new FakeProgram(host, this);
    this.#programs.set(host, program);
    return program;
  }

  remove(program: FakeProgram): void {
    if (this.#programs.get(program.host) === program) this.#programs.delete(program.host);
    for (const [address, server] of this.listeners) if (server.program === program) this.listeners.delete(address);
  }

  require(host: string): FakeProgram {
    const program = this.#programs.get(host);
    if (program === undefined) throw new Error(`no process runs at ${host}: start it first`);
    return program;
  }

  nextPort(): number {
    this.#lastPort += 1;
    return this.#lastPort;
  }

  connections(): readonly FakeConnection[] {
    return [...this.#pairs].map(({ from, to, near, far }) => {
      const cut = (): void => {
        near.break('ECONNRESET');
        far.break('ECONNRESET');
      };
      const cutAfter = (towards: 'from' | 'to', bytes: number): void =>
        (towards === 'from' ? near : far).incoming.cutAfter(bytes, cut);
      const mend = (): void => {
        near.incoming.cutAfter(Infinity, cut);
        far.incoming.cutAfter(Infinity, cut);
      };
      return { from: from.host, to: to.host, cut, cutAfter, mend };
    });
  }

  part(a: string, b: string): void {
    this.#parted.add(linkOf(a, b));
    for (const { near, far } of this.#pairsOf(a, b)) {
      near.incoming.hold(true);
      far.incoming.hold(true);
      this.#probe(a, b, [near, far]);
    }
  }

  join(a: string, b: string): void {
    this.#parted.delete(linkOf(a, b));
    for (const { near, far } of this.#pairsOf(a, b)) {
      near.incoming.hold(false);
      far.incoming.hold(false);
    }
  }

  /** A socket is gone. */
  tidy(): void {
    for (const pair of this.#pairs) if (pair.near.isGone && pair.far.isGone) this.#pairs.delete(pair);
  }

  #pairsOf(a: string, b: string): Pair[] {
    return [...this.#pairs].filter(({ from, to }) => linkOf(from.host, to.host) === linkOf(a, b));
  }

  /** Whoever has nothing on its way is told by TCP in the end; the others wait for much longer than a test takes. */
  #probe(a: string, b: string, sockets: readonly FakeSocket[]): void {
    this.options.clock.after(PROBES_MS, () => {
      if (!this.#parted.has(linkOf(a, b))) return;
      for (const socket of sockets) if (socket.isProbing && socket.unsentBytes === 0) socket.break('ETIMEDOUT');
    });
  }

  #connect(address: string, port: number): FakeSocket {
    const [own = '', other = ''] = address.split('.to.');
    const from = this.require(own);
    const near = from.open(port);
    const { clock, random, latencyMsMax } = this.options;
    const startedAtMs = clock.monotonicMs();
    const attempt = (): void => {
      if (near.isGone) return;
      if (this.#parted.has(linkOf(own, other))) {
        if (clock.monotonicMs() - startedAtMs > CONNECT_TIMEOUT_MS) return near.break('ETIMEDOUT');
        clock.after(1_000, attempt);
        return;
      }
      const server = this.listeners.get(`${other}:${port}`);
      if (server === undefined) return near.break('ECONNREFUSED');
      this.#join(from, server, near);
    };
    clock.after(Math.floor(random.float() * (latencyMsMax + 1)), attempt);
    return near;
  }

  #join(from: FakeProgram, server: FakeServer, near: FakeSocket): void {
    const to = server.program;
    const far = to.open(this.nextPort());
    near.join(far);
    far.join(near);
    this.#pairs.add({ from, to, near, far });
    from.deliver(() => near.opened());
    to.deliver(() => {
      far.opened();
      server.accept(far);
    });
  }
}

function linkOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
