import { FakeSocket } from './fake-socket.ts';
import type { WireOptions } from './fake-wire.ts';
import { createProcessClock, type ProcessClock } from './process-clock.ts';

export type FakeProcess = {
  readonly host: string;
  readonly clock: ProcessClock;
  readonly state: () => 'running' | 'stopped' | 'killed';
  /** SIGSTOP: its kernel takes connections and bytes for it, and it does nothing. */
  readonly stop: () => void;
  readonly resume: () => void;
  /** SIGKILL: its connections end in good order, or not. */
  readonly kill: () => void;
  /** Connections that are open or being opened. */
  readonly socketCount: () => number;
};

/** What a process is on. */
export type FakeGround = {
  readonly options: WireOptions;
  /** Something of it is gone. */
  readonly tidy: () => void;
  /** It listens no more and connects no more. */
  readonly remove: (program: FakeProgram) => void;
};

export class FakeProgram implements FakeProcess {
  readonly host: string;
  readonly clock: ProcessClock;
  readonly #ground: FakeGround;
  readonly #sockets = new Set<FakeSocket>();
  /** What comes while it is stopped, and what was not handed over yet when it went on. */
  #pending: (() => void)[] = [];
  #state: 'running' | 'stopped' | 'killed' = 'running';

  constructor(host: string, ground: FakeGround) {
    this.host = host;
    this.#ground = ground;
    this.clock = createProcessClock(ground.options.clock);
  }

  readonly state = (): 'running' | 'stopped' | 'killed' => this.#state;

  readonly socketCount = (): number => this.#sockets.size;

  readonly stop = (): void => {
    if (this.#state !== 'running') return;
    this.#state = 'stopped';
    this.clock.stop();
  };

  readonly resume = (): void => {
    if (this.#state !== 'stopped') return;
    this.#state = 'running';
    this.clock.resume();
    this.#catchUp();
  };

  readonly kill = (): void => {
    if (this.#state === 'killed') return;
    this.#state = 'killed';
    this.#pending = [];
    this.#ground.remove(this);
    this.clock.kill();
    const isInGoodOrder = this.#ground.options.random.float() < 0.5;
    for (const socket of this.#sockets) socket.vanish(isInGoodOrder);
  };

  readonly deliver = (run: () => void): void => {
    if (this.#state === 'killed') return;
    if (this.#state === 'stopped' || this.#pending.length > 0) this.#pending.push(run);
    else run();
  };

  open(remotePort: number): FakeSocket {
    const socket = new FakeSocket({
      deliver: this.deliver,
      wire: this.#ground.options,
      remotePort,
      onGone: () => {
        this.#sockets.delete(socket);
        this.#ground.tidy();
      },
    });
    this.#sockets.add(socket);
    if (this.#state === 'killed') socket.vanish(true);
    return socket;
  }

  /** One after the other, so that each has its turn of the event loop. */
  #catchUp(): void {
    if (this.#pending.length === 0) return;
    this.#ground.options.clock.after(0, () => {
      if (this.#state !== 'running') return;
      this.#pending[0]?.();
      this.#pending.shift();
      this.#catchUp();
    });
  }
}
