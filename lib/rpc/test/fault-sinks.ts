import { OperatingError, randomInteger, sleep } from '@plumb/base';
import { ClientSession } from '../src/client-session.ts';
import type { Channel } from '../src/index.ts';
import type { CallSink } from '../src/outgoing-calls.ts';
import type { FaultClient } from './fault-client.ts';

/**
 * Calls below the promises, which would hide it if a call completed twice: each sink must hear of one end, and of nothing
 * after it; one whose call was cancelled of nothing after that.
 */
export async function callSinks(client: FaultClient, open: () => Promise<Channel>): Promise<void> {
  const { process, random, ledger, name } = client;
  let channel: Channel;
  try {
    channel = await open();
  } catch {
    return;
  }
  const what = `the sinks of ${name}`;
  client.pending.add(what);
  const session = new ClientSession(channel, { clock: process.clock });
  const sinks = Array.from({ length: randomInteger(random, 1, 8) }, () => startCall(client, session));
  for (const sink of sinks) {
    await sleep(process.clock, randomInteger(random, 0, 200));
    if (random.float() < 0.2) sink.cancel();
  }
  await sleep(process.clock, randomInteger(random, 0, 2_000));
  channel.close();
  await sleep(process.clock, 1);
  for (const sink of sinks) sink.checkOver();
  ledger.count('sinks: over');
  client.pending.delete(what);
}

type CheckedSink = { readonly cancel: () => void; readonly checkOver: () => void };

function startCall({ ledger, random }: FaultClient, session: ClientSession): CheckedSink {
  const call = ledger.nextCall();
  let isOver = false;
  let end: string | undefined;
  const hear = (what: string): void => {
    ledger.check(end === undefined, () => `the call ${call} heard ${what} after ${end}`);
    if (isOver) ledger.fault(`the call ${call} heard ${what} after it was checked`);
  };
  const finish = (what: string): void => {
    hear(what);
    end = what;
  };
  const sink: CallSink = {
    onResult: () => finish('its result'),
    onItem: () => hear('an item'),
    onEnd: () => finish('the end of its stream'),
    onError: (error) => finish(`the error ${error.code}`),
  };
  const isStream = random.float() < 0.4;
  const delayMs = randomInteger(random, 0, 100);
  const input = isStream
    ? { call, count: randomInteger(random, 0, 30), sizeBytes: 0, delayMs }
    : { call, sizeBytes: 0, delayMs, isDeaf: false };
  let id = 0;
  try {
    const request = { method: isStream ? 'faults.count' : 'faults.once', input };
    id = session.start(isStream ? { ...request, credit: 100 } : request, sink);
  } catch (error) {
    finish(error instanceof OperatingError ? error.code : 'no operating error');
  }
  return {
    cancel() {
      if (end !== undefined) return;
      session.cancel(id);
      end = 'it was cancelled';
    },
    checkOver() {
      ledger.check(end !== undefined, () => `the call ${call} heard of no end`);
      isOver = true;
    },
  };
}
