/** The door for programs that run on Node.js: ZeroMQ. */
export { derivePublicKey, generateKeyPair, type KeyPair } from '@plumb/zmtp';
export type { CallerLookup, Callers, KnownCallers, Tokens } from './callers.ts';
export { connect, type ConnectOptions, type RemoteContract, type RemoteObject } from './connect-target.ts';
export { connectSync, type ConnectSyncOptions, type SyncClient, type SyncContractClient } from './connect-sync.ts';
export { currentCall } from './current-call.ts';
export { type ListenCurve, type Listener, type ListenOptions, listenZeromq } from './listen-zeromq.ts';
export { callContext, createCallContext } from './node-call-context.ts';
export { type OpenCurve, openZeromqChannel, type OpenZeromqOptions } from './open-zeromq-channel.ts';
export { type Credentials, openTarget } from './open-target.ts';
export type { KeyedTarget, Targets } from './open-targets.ts';
export { serve, type ServeOptions, type Server } from './serve.ts';
export { type AddressTarget, formatTarget, parseTarget, type RegistryTarget, type Target } from './target.ts';
