/**
 * Servers and clients over ZeroMQ in one process, on a network and a clock in memory: the code is that of production from
 * the client's method down to the bytes, and everything that happens follows from a seed.
 */
import { createLog, type Random, randomInteger, seededRandom } from '@plumb/base';
import { createFakeClock, createFakeNetwork, type FakeClock, type FakeNetwork, type FakeProcess } from '@plumb/testing';
import {
  type Channel,
  type Connection,
  createClient,
  createDispatcher,
  type Dispatcher,
  type Endpoint,
  openBalancedConnection,
  openConnection,
} from '../src/index.ts';
import {
  callContext,
  generateKeyPair,
  type KeyPair,
  type Listener,
  listenZeromq,
  openZeromqChannel,
} from '../src/node.ts';
import type { FaultClient } from './fault-client.ts';
import { FaultLedger } from './fault-ledger.ts';
import { useNet } from './fault-net.ts';
import { createFaultService, faultContract, type FaultService } from './fault-service.ts';
import { createFaultyChannel } from './faulty-channel.ts';

const PORT = 7_701;

export type FaultServer = {
  readonly host: string;
  readonly process: FakeProcess;
  readonly dispatcher: Dispatcher;
  readonly service: FaultService;
  /** To the next server. */
  readonly connection: Connection;
  listener: Listener | undefined;
};

export type WorldClient = FaultClient & {
  readonly host: string;
  readonly open: (server: string) => Promise<Channel>;
};

type OpenOptions = {
  readonly own: string;
  readonly other: string;
  readonly process: FakeProcess;
  readonly random: Random;
  readonly signal?: AbortSignal | undefined;
};

export type WorldPlan = {
  readonly serverCount: number;
  readonly clientCount: number;
  readonly latencyMsMax: number;
  readonly pieceBytes: number;
  readonly windowBytes: number;
  readonly duplicates: number;
  readonly delays: number;
  readonly isEncrypted: boolean;
};

export class FaultWorld {
  readonly ledger = new FaultLedger();
  readonly clock: FakeClock;
  readonly network: FakeNetwork;
  readonly plan: WorldPlan;
  readonly servers = new Map<string, FaultServer>();
  readonly clients = new Map<string, WorldClient>();
  /** Clients that have ended in good order. */
  readonly ended: WorldClient[] = [];
  /** Those that balanced clients are told of. */
  #listed: readonly string[];
  readonly #onList = new Set<() => void>();
  readonly #seed: number;
  readonly #keys: { readonly server: KeyPair; readonly client: KeyPair } | undefined;
  #startCount = 0;

  constructor(seed: number, plan: WorldPlan) {
    this.#seed = seed;
    this.plan = plan;
    this.clock = createFakeClock();
    this.network = createFakeNetwork({ clock: this.clock, random: seededRandom(seed ^ 0x5eed), ...plan });
    useNet(this.network.net);
    this.#keys = plan.isEncrypted ? { server: generateKeyPair(), client: generateKeyPair() } : undefined;
    this.#listed = this.serverHosts;
  }

  get serverHosts(): readonly string[] {
    return Array.from({ length: this.plan.serverCount }, (_, index) => `s${index}`);
  }

  get clientHosts(): readonly string[] {
    return Array.from({ length: this.plan.clientCount }, (_, index) => `c${index}`);
  }

  async startServer(host: string): Promise<void> {
    const process = this.network.start(host);
    const where = this.#nameOf(host);
    const log = this.#log(where);
    const { clock } = process;
    const dispatcher = createDispatcher({ log, clock, context: callContext });
    const random = this.#random();
    const next = this.serverHosts[(this.serverHosts.indexOf(host) + 1) % this.serverHosts.length] ?? host;
    const connection = openConnection({
      open: (signal) => this.#open({ own: host, other: next, process, random, signal }),
      clock,
      random,
      log,
      context: callContext,
    });
    const client = createClient(faultContract, 'faults', connection);
    const service = createFaultService({ where, clock, ledger: this.ledger, next: client });
    dispatcher.add('faults', faultContract, service.handlers);
    const server: FaultServer = { host, process, dispatcher, service, connection, listener: undefined };
    this.servers.set(host, server);
    const listening = listenZeromq({
      addresses: [`tcp://${host}:${PORT}`],
      authenticate: async (token) => ({ id: token, scopes: ['*'] }),
      curve: this.#keys && { secretKey: this.#keys.server.secretKey, identify: async () => undefined },
      accept: (channel, caller) => dispatcher.accept(this.#faulty(channel, process, random), caller),
      log,
      clock,
    });
    // The event loop takes a turn to listen, in which the clock stands still.
    server.listener = await listening;
  }

  startClient(host: string): WorldClient {
    const name = this.#nameOf(host);
    const process = this.network.start(name);
    const random = this.#random();
    const { clock } = process;
    const open = (other: string, signal?: AbortSignal): Promise<Channel> =>
      this.#open({ own: name, other, process, random, signal });
    const { ledger } = this;
    const common = { clock, random, log: this.#log(name), context: callContext };
    const resolver = (_service: string, signal: AbortSignal): AsyncGenerator<readonly Endpoint[]> =>
      this.#endpoints(signal);
    const only = `s${randomInteger(random, 0, this.plan.serverCount - 1)}`;
    const connection =
      random.float() < 0.5
        ? openConnection({ ...common, open: (signal) => open(only, signal) })
        : openBalancedConnection({
            ...common,
            service: 'faults',
            resolver,
            open: ({ id }, signal) => open(id, signal),
          });
    const client: WorldClient = {
      host,
      name,
      process,
      connection,
      tasks: createClient(faultContract, 'faults', connection),
      random,
      ledger,
      pending: new Set(),
      subscriptions: [],
      open,
    };
    this.clients.set(host, client);
    return client;
  }

  /** Tells balanced clients of these servers. */
  list(hosts: readonly string[]): void {
    this.#listed = hosts;
    for (const tell of this.#onList) tell();
  }

  killServer(host: string): void {
    const server = this.servers.get(host);
    if (server === undefined) return;
    this.servers.delete(host);
    server.process.kill();
    this.ledger.forget(server.service.publisher.stats().epoch);
    server.connection.close();
  }

  killClient(host: string): void {
    const client = this.clients.get(host);
    if (client === undefined) return;
    this.clients.delete(host);
    client.process.kill();
    this.ledger.forget(client.name);
    // The memory of a real process would go with it.
    for (const subscription of client.subscriptions) subscription[Symbol.dispose]();
    client.connection.close();
  }

  /** The program ends in good order; `forgetEnded` sees to it that nothing of it is left. */
  endClient(client: WorldClient): void {
    for (const subscription of client.subscriptions) subscription[Symbol.dispose]();
    client.connection.close();
    this.clients.delete(client.host);
    this.ended.push(client);
  }

  async #open({ own, other, process, random, signal }: OpenOptions): Promise<Channel> {
    const address = `tcp://${own}.to.${other}:${PORT}`;
    const curve = this.#keys && { keys: this.#keys.client, serverKey: this.#keys.server.publicKey };
    const channel = await openZeromqChannel({ address, token: own, curve, clock: process.clock, signal });
    return this.#faulty(channel, process, random);
  }

  #faulty(channel: Channel, { clock }: FakeProcess, random: Random): Channel {
    const { duplicates, delays } = this.plan;
    return createFaultyChannel(channel, { clock, random, duplicates, delays, delayMsMax: 300 });
  }

  async *#endpoints(signal: AbortSignal): AsyncGenerator<readonly Endpoint[]> {
    while (!signal.aborted) {
      yield this.#listed.map((id) => ({ id, address: id }));
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onList.add(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      this.#onList.delete(resolve);
    }
  }

  /** What nobody should ever see. */
  #log(name: string): ReturnType<typeof createLog> {
    return createLog((level, event, fields) => {
      if (level === 'error') this.ledger.fault(`${name} logged ${event} ${JSON.stringify(fields)}`);
      else if (level === 'warn') this.ledger.count(`log: ${event}`);
    });
  }

  #nameOf(host: string): string {
    this.#startCount += 1;
    return `${host}-${this.#startCount}`;
  }

  #random(): Random {
    return seededRandom(this.#seed * 1_000 + this.#startCount);
  }
}
