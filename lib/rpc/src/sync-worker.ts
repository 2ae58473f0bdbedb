/**
 * The worker of a blocking client: an entry for `new Worker`, never imported. It holds the connection and makes the calls
 * that `sync-link.ts` asks for.
 */
import { workerData } from 'node:worker_threads';
import { errorFromData, errorToData, OperatingError, silentLog, systemClock, systemRandom } from '@plumb/base';
import { BatchReader } from './batch-reader.ts';
import type { Connection } from './connection.ts';
import { openTargets } from './open-targets.ts';
import { placeReferences } from './place-references.ts';
import { fromPort, toPort } from './port-message.ts';
import {
  BEAT_PERIOD_MS,
  OPENING_ID,
  SLOT_BEAT,
  SLOT_POSTED,
  type SyncReply,
  type SyncRequest,
  type SyncWorkerData,
} from './sync-protocol.ts';

const { targets, credentials, port, shared } = workerData as SyncWorkerData;
const calls = new Map<number, AbortController>();
const streams = new Map<number, BatchReader>();
const invocations = new Map<number, PromiseWithResolvers<unknown>>();
let lastInvocation = 0;

setInterval(() => Atomics.add(shared, SLOT_BEAT, 1), BEAT_PERIOD_MS).unref();

try {
  const parts = { clock: systemClock, random: systemRandom, log: silentLog };
  const connection = await openTargets(targets, { ...credentials, ...parts });
  port.on('message', (data: unknown) => {
    const request = fromPort(data) as SyncRequest;
    answer(connection, request).catch((error: unknown) => fail(request.id, error));
  });
  reply({ kind: 'value', id: OPENING_ID, value: undefined });
} catch (error) {
  fail(OPENING_ID, error);
}

async function answer(connection: Connection, request: SyncRequest): Promise<void> {
  const { kind, id } = request;
  switch (kind) {
    case 'call': {
      const { method, timeoutMs } = request;
      const left = new AbortController();
      calls.set(id, left);
      const answered = await connection
        .ask(method, inputOf(request), { timeoutMs, signal: left.signal })
        .finally(() => calls.delete(id));
      if (answered.kind === 'value') return reply({ kind: 'value', id, value: answered.value });
      streams.set(id, new BatchReader(answered.items, systemClock));
      return pull(id, timeoutMs);
    }
    case 'pull':
      return pull(id, request.timeoutMs);
    case 'leave':
      calls.get(id)?.abort(new OperatingError('unavailable', 'the caller has left the call'));
      streams.get(id)?.leave();
      streams.delete(id);
      return;
    case 'returned':
      return invocations.get(id)?.resolve(request.value);
    case 'threw':
      return invocations.get(id)?.reject(errorFromData(request.error));
    case 'close':
      connection.close();
      port.close();
  }
}

function inputOf({ id, input, references }: Extract<SyncRequest, { kind: 'call' }>): unknown {
  if (references === undefined) return input;
  return placeReferences(
    input,
    references,
    ({ ref }) =>
      (...args: unknown[]) =>
        invoke({ id, ref, args }),
  );
}

/** Calls a function on the other side, which does it when it waits for something. */
async function invoke(call: { readonly id: number; readonly ref: number; readonly args: unknown[] }): Promise<unknown> {
  lastInvocation += 1;
  const invocation = lastInvocation;
  const settle = Promise.withResolvers<unknown>();
  invocations.set(invocation, settle);
  try {
    reply({ kind: 'invoke', invocation, ...call });
    return await settle.promise;
  } finally {
    invocations.delete(invocation);
  }
}

async function pull(id: number, timeoutMs: number): Promise<void> {
  const batch = await streams.get(id)?.read(timeoutMs);
  if (batch === undefined) throw new OperatingError('invalid', 'the stream has ended');
  if (batch.isEnd) streams.delete(id);
  reply({ kind: 'items', id, ...batch });
}

function fail(id: number, error: unknown): void {
  streams.get(id)?.leave();
  streams.delete(id);
  reply({ kind: 'error', id, error: errorToData(error) });
}

function reply(message: SyncReply): void {
  port.postMessage(toPort(message));
  Atomics.add(shared, SLOT_POSTED, 1);
  Atomics.notify(shared, SLOT_POSTED);
}
