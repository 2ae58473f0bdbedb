import { type Random, randomInteger } from '@plumb/base';
import { oneOf } from './fault-load.ts';
import type { FaultWorld, WorldClient } from './fault-world.ts';

export type HarmOptions = {
  readonly note: (what: string) => void;
  /** Servers are stopped and cut off, and never killed. */
  readonly keepsServers?: boolean | undefined;
};

/** What goes wrong in a world: one thing at a time, at random, until all is well again. */
export class FaultHarm {
  readonly #world: FaultWorld;
  readonly #random: Random;
  readonly #note: (what: string) => void;
  readonly #keepsServers: boolean;
  /** Parted pairs. */
  readonly #parted: (readonly [string, string])[] = [];
  /** What is here twice happens more often. */
  readonly #harms: readonly (() => void | Promise<void>)[] = [
    () => this.#cut(),
    () => this.#cut(),
    () => this.#cutLater(),
    () => this.#cutLater(),
    () => this.#cutLater(),
    () => this.#killServer(),
    () => this.#startServers(),
    () => this.#startServers(),
    () => this.#replaceClient(),
    () => this.#replaceClient(),
    () => this.#stop(),
    () => this.#stop(),
    () => this.#resume(),
    () => this.#resume(),
    () => this.#part(),
    () => this.#join(),
    () => this.#list(),
    () => this.#jump(),
    () => this.#jump(),
    () => this.#jump(),
  ];

  constructor(world: FaultWorld, random: Random, { note, keepsServers = false }: HarmOptions) {
    this.#world = world;
    this.#random = random;
    this.#note = note;
    this.#keepsServers = keepsServers;
  }

  async harm(): Promise<void> {
    await oneOf(this.#random, this.#harms)?.();
  }

  /** Nothing is wrong any more. */
  async recover(): Promise<void> {
    const world = this.#world;
    this.#note('all is well');
    for (const connection of world.network.connections()) connection.mend();
    this.#join();
    this.#resume();
    await this.#startServers();
    world.list(world.serverHosts);
  }

  get #programs(): readonly Pick<WorldClient, 'process' | 'host'>[] {
    return [...this.#world.servers.values(), ...this.#world.clients.values()];
  }

  #draw(probability: number): boolean {
    return this.#random.float() < probability;
  }

  #cut(): void {
    const connection = oneOf(this.#random, this.#world.network.connections());
    if (connection === undefined) return;
    this.#note(`the connection from ${connection.from} to ${connection.to} is cut`);
    connection.cut();
  }

  #cutLater(): void {
    const connection = oneOf(this.#random, this.#world.network.connections());
    if (connection === undefined) return;
    const towards = this.#draw(0.5) ? 'from' : 'to';
    const bytes = randomInteger(this.#random, 0, this.#draw(0.5) ? 300 : 30_000);
    this.#note(`the connection from ${connection.from} to ${connection.to} is cut ${bytes} bytes on, "${towards}"`);
    connection.cutAfter(towards, bytes);
  }

  #killServer(): void {
    const host = oneOf(this.#random, this.#world.servers.keys());
    if (host === undefined || this.#keepsServers) return;
    this.#note(`${host} is killed`);
    this.#world.killServer(host);
  }

  async #startServers(): Promise<void> {
    for (const host of this.#world.serverHosts) {
      if (this.#world.servers.has(host)) continue;
      this.#note(`${host} is started`);
      await this.#world.startServer(host);
    }
  }

  #replaceClient(): void {
    const client = oneOf(this.#random, this.#world.clients.values());
    if (client === undefined) return;
    const { host, process } = client;
    if (this.#draw(0.5) && process.state() === 'running') {
      this.#note(`${host} ends in good order, and is started again`);
      this.#world.endClient(client);
    } else {
      this.#note(`${host} is killed and started again`);
      this.#world.killClient(host);
    }
    this.#world.startClient(host);
  }

  #stop(): void {
    const program = oneOf(this.#random, this.#programs);
    if (program === undefined) return;
    this.#note(`${program.host} is stopped`);
    program.process.stop();
  }

  #resume(): void {
    for (const { process, host } of this.#programs) {
      if (process.state() !== 'stopped') continue;
      this.#note(`${host} goes on`);
      process.resume();
    }
  }

  #part(): void {
    const [client, server] = [
      oneOf(this.#random, this.#world.clients.values())?.name,
      oneOf(this.#random, this.#world.serverHosts),
    ];
    if (client === undefined || server === undefined) return;
    this.#note(`${client} and ${server} are parted`);
    this.#parted.push([client, server]);
    this.#world.network.part(client, server);
  }

  #join(): void {
    for (const [a, b] of this.#parted.splice(0)) {
      this.#note(`${a} and ${b} are joined`);
      this.#world.network.join(a, b);
    }
  }

  #list(): void {
    const listed = this.#world.serverHosts.filter(() => this.#draw(0.7));
    this.#note(`listed are ${listed.join(' ')}`);
    this.#world.list(listed);
  }

  #jump(): void {
    const program = oneOf(this.#random, this.#programs);
    const days = randomInteger(this.#random, -1_000, 1_000);
    this.#note(`the clock of ${program?.host} is set by ${days} days`);
    program?.process.clock.jump(days * 86_400_000);
  }
}
