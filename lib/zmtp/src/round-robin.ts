import type { Pipe } from './pipe.ts';

/** Peers that take turns; one whose queue is full is passed over. */
export class RoundRobin {
  readonly #pipes: Pipe[] = [];
  #next = 0;

  add(pipe: Pipe): void {
    if (!this.#pipes.includes(pipe)) this.#pipes.push(pipe);
  }

  delete(pipe: Pipe): void {
    const index = this.#pipes.indexOf(pipe);
    if (index === -1) return;
    this.#pipes.splice(index, 1);
    if (index < this.#next) this.#next -= 1;
  }

  /** Returns who got the message; undefined where nobody has room. */
  trySend(parts: readonly Uint8Array[]): Pipe | undefined {
    for (let i = 0; i < this.#pipes.length; i += 1) {
      if (this.#next >= this.#pipes.length) this.#next = 0;
      const pipe = this.#pipes[this.#next] as Pipe;
      this.#next += 1;
      if (pipe.trySend(parts)) return pipe;
    }
    return undefined;
  }
}
