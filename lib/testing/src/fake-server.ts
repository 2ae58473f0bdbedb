import { EventEmitter } from 'node:events';
import type { FakeProgram } from './fake-process.ts';
import type { FakeSocket } from './fake-socket.ts';

/** Where servers are found. */
export type FakeAddresses = {
  readonly listeners: Map<string, FakeServer>;
  readonly require: (host: string) => FakeProgram;
  readonly nextPort: () => number;
};

/** What a `net.Server` is to its users. */
export class FakeServer extends EventEmitter {
  readonly #network: FakeAddresses;
  readonly #onConnection: (socket: FakeSocket) => void;
  #program: FakeProgram | undefined;
  #port = 0;
  #connectionCount = 0;
  #onClosed: (() => void) | undefined;

  constructor(network: FakeAddresses, onConnection: (socket: FakeSocket) => void) {
    super();
    this.#network = network;
    this.#onConnection = onConnection;
  }

  get program(): FakeProgram {
    if (this.#program === undefined) throw new Error('the server does not listen');
    return this.#program;
  }

  listen(
    { host, port }: { readonly host: string; readonly port: number },
    onListening: () => void = () => undefined,
  ): void {
    this.#program = this.#network.require(host);
    this.#port = port === 0 ? this.#network.nextPort() : port;
    const address = `${host}:${this.#port}`;
    if (this.#network.listeners.has(address)) {
      const error = Object.assign(new Error(`EADDRINUSE: ${address}`), { code: 'EADDRINUSE' });
      setImmediate(() => this.emit('error', error));
      return;
    }
    this.#network.listeners.set(address, this);
    setImmediate(onListening);
  }

  address(): { readonly port: number } {
    return { port: this.#port };
  }

  accept(socket: FakeSocket): void {
    this.#connectionCount += 1;
    socket.once('close', () => {
      this.#connectionCount -= 1;
      this.#endIfDone();
    });
    this.#onConnection(socket);
  }

  close(onClosed: () => void): void {
    this.#network.listeners.delete(`${this.program.host}:${this.#port}`);
    this.#onClosed = onClosed;
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#connectionCount > 0 || this.#onClosed === undefined) return;
    setImmediate(this.#onClosed);
    this.#onClosed = undefined;
  }
}
