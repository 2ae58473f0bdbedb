import { type Random, randomInteger } from '@plumb/base';
import { callEach, callHang, callHop, callSum, callWork } from './fault-calls.ts';
import { follow } from './fault-feed.ts';
import { callSinks } from './fault-sinks.ts';
import { readCount, readRelay } from './fault-streams.ts';
import type { FaultWorld, WorldClient } from './fault-world.ts';

type Note = (what: string) => void;

/** What programs do in a world with faults: random calls of random clients, and what servers publish. */
export class FaultLoad {
  readonly #world: FaultWorld;
  readonly #random: Random;
  readonly #note: Note;
  /** How often each run of a server has set each topic. */
  readonly #published = new Map<string, number>();
  readonly #kinds: readonly (readonly [string, (client: WorldClient) => void])[] = [
    ['once', (client) => void callWork(client, 'once')],
    ['once', (client) => void callWork(client, 'once')],
    ['safe', (client) => void callWork(client, 'safe')],
    ['safe', (client) => void callWork(client, 'safe')],
    ['hang', (client) => void callHang(client)],
    ['hop', (client) => void callHop(client)],
    ['count', (client) => void readCount(client)],
    ['count', (client) => void readCount(client)],
    ['relay', (client) => void readRelay(client)],
    ['sum', (client) => void callSum(client)],
    ['each', (client) => void callEach(client)],
    ['watch', (client) => follow(client)],
    ['sinks', (client) => void callSinks(client, () => client.open('s0'))],
  ];

  constructor(world: FaultWorld, random: Random, note: Note) {
    this.#world = world;
    this.#random = random;
    this.#note = note;
  }

  call(): void {
    const clients = [...this.#world.clients.values()].filter(({ process }) => process.state() === 'running');
    const [client, kind] = [oneOf(this.#random, clients), oneOf(this.#random, this.#kinds)];
    if (client === undefined || kind === undefined) return;
    const [name, call] = kind;
    const times = this.#random.float() < 0.1 ? randomInteger(this.#random, 2, 20) : 1;
    this.#note(`${client.name} calls ${name}, ${times} times`);
    for (let i = 0; i < times; i += 1) call(client);
  }

  publish(): void {
    const servers = [...this.#world.servers.values()].filter(({ process }) => process.state() === 'running');
    const server = oneOf(this.#random, servers);
    if (server === undefined) return;
    const { publisher } = server.service;
    const run = publisher.stats().epoch;
    // Now and then more than the log of a publisher keeps.
    const times = randomInteger(this.#random, 1, this.#random.float() < 0.2 ? 200 : 10);
    for (let i = 0; i < times; i += 1) {
      const topic = `topic/${randomInteger(this.#random, 0, 4)}`;
      const count = (this.#published.get(`${run} ${topic}`) ?? 0) + 1;
      this.#published.set(`${run} ${topic}`, count);
      publisher.publish(topic, { run, count });
    }
  }
}

export function oneOf<T>(random: Random, choices: Iterable<T>): T | undefined {
  const list = [...choices];
  return list[randomInteger(random, 0, Math.max(0, list.length - 1))];
}
