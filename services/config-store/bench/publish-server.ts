/** The configuration service of the benchmark, in a process of its own: RocksDB below, CURVE above. Started with `fork`. */
import { silentLog, systemClock as clock, systemRandom as random } from '@plumb/base';
import { openRocksKv } from '@plumb/kv/rocks';
import { type Caller, connectInProcess, createDispatcher } from '@plumb/rpc';
import { generateKeyPair, listenZeromq } from '@plumb/rpc/node';
import { configContract } from '../src/index.ts';
import { openConfigStore } from '../src/server.ts';
import { APPLICATION, BLOCK_KEYS, type Environment, OTHER_KEYS } from './publish-message.ts';

const [directory = '', subscribers = '1'] = process.argv.slice(2);
const kv = await openRocksKv({ directory, clock, log: silentLog });
const service = await openConfigStore({ kv, clock, random, log: silentLog });
const dispatcher = createDispatcher({ log: silentLog, clock });
dispatcher.add('config', configContract, service.handlers);
const keys = generateKeyPair();
const callers = new Map<string, Caller>();
const listener = await listenZeromq({
  addresses: ['tcp://127.0.0.1:0'],
  authenticate: async () => undefined,
  curve: { secretKey: keys.secretKey, identify: async (publicKey) => callers.get(publicKey) },
  accept: dispatcher.accept,
  log: silentLog,
  clock,
});

function environmentOf(caller: Caller): Environment {
  const own = generateKeyPair();
  callers.set(own.publicKey, caller);
  return {
    PLUMB_RPC: listener.addresses[0] ?? '',
    PLUMB_RPC_KEY: keys.publicKey,
    PLUMB_CURVE_KEY: own.secretKey,
    PLUMB_APPLICATION: APPLICATION,
    PLUMB_INSTANCE: caller.id,
  };
}

using ada = connectInProcess(configContract, service.handlers, { id: 'ada', scopes: ['*'] });
const others = Object.fromEntries(OTHER_KEYS.map((key, i) => [key, `value ${i}`]));
const block = Object.fromEntries(BLOCK_KEYS.map((key) => [key, 0]));
await ada.provision({ application: APPLICATION, values: { ...others, ...block } });
process.send?.({
  writer: environmentOf({ id: 'ada', scopes: ['*'] }),
  instances: Array.from({ length: Number(subscribers) }, (_, i) =>
    environmentOf({ id: `bench-${i}`, scopes: ['config:read'], application: APPLICATION }),
  ),
});
process.once('disconnect', () => {
  void (async () => {
    await listener[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
    await kv[Symbol.asyncDispose]();
  })();
});
