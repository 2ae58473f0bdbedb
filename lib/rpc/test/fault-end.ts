/** The end of a world with faults, when nothing of what its programs did may be left. */
import type { FakeProcess } from '@plumb/testing';
import type { BalancedConnection } from '../src/index.ts';
import type { FaultLedger } from './fault-ledger.ts';
import type { FaultWorld } from './fault-world.ts';

/** Farewells are said within this. */
const GOODBYE_MS = 5_000;
/** Calls with a key run on for a minute when their caller is gone, and answers are kept as long: both, and some. */
const FORGOTTEN_MS = 130_000;

/** All programs end in good order. */
export async function endWorld(world: FaultWorld): Promise<void> {
  const { ledger, clock, clients, network } = world;
  const servers = [...world.servers.values()];
  for (const client of clients.values()) world.endClient(client);
  for (const { connection } of servers) connection.close();
  await forgetEnded(world);
  for (const { dispatcher, service, host } of servers) {
    for (const { method, inFlight } of dispatcher.stats()) {
      ledger.check(inFlight === 0, () => `${host} counts ${inFlight} calls of ${method} when all are gone`);
    }
    const { feedCount } = service.publisher.stats();
    ledger.check(feedCount === 0, () => `${host} has ${feedCount} feeds when all are gone`);
  }
  const closing = servers.map(async ({ listener }) => listener?.[Symbol.asyncDispose]());
  await clock.advance(GOODBYE_MS);
  await Promise.all(closing);
  for (const { host, process } of servers) checkProcess(ledger, host, process);
  for (const what of ledger.left()) ledger.fault(`${what} has not ended`);
  const connections = network.connections();
  ledger.check(connections.length === 0, () => `${connections.length} connections are left`);
}

/** What clients that have ended leave behind has its time, and must then be gone. */
export async function forgetEnded({ ledger, clock, ended }: FaultWorld): Promise<void> {
  const clients = ended.splice(0);
  await clock.advance(GOODBYE_MS);
  for (const { name, pending, connection } of clients) {
    for (const what of pending) ledger.fault(`${what} did not end with its connection`);
    const links = 'state' in connection ? (connection as BalancedConnection).state() : [];
    const running = links.reduce((sum, { inFlight, streamCount }) => sum + inFlight + streamCount, 0);
    ledger.check(running === 0, () => `${name} counts ${running} calls after its end`);
  }
  await clock.advance(FORGOTTEN_MS);
  for (const { name, process } of clients) {
    checkProcess(ledger, name, process);
    process.kill();
  }
  for (const what of ledger.falselyTold()) ledger.fault(`${what} ran, and its caller was told that it did not`);
}

function checkProcess(ledger: FaultLedger, name: string, { clock, socketCount }: FakeProcess): void {
  ledger.check(clock.timerCount() === 0, () => `${name} has ${clock.timerCount()} timers after its end`);
  ledger.check(socketCount() === 0, () => `${name} has ${socketCount()} sockets after its end`);
}
