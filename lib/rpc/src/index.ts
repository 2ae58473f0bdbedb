export { type Accept, type Channel, type Message } from './channel.ts';
export { createChannelPair } from './channel-pair.ts';
export { createClient } from './client.ts';
export { type Connection, createConnection } from './connection.ts';
export {
  type Call,
  type Caller,
  type CallOptions,
  type Client,
  type Contract,
  type Handlers,
  holdsScope,
  type Method,
} from './contract.ts';
export { createDispatcher, type Dispatcher, type DispatcherDependencies } from './dispatcher.ts';
export { connectDispatcher, connectInProcess, type InProcessOptions } from './in-process.ts';
export {
  CALL_TIMEOUT_MS,
  CALLS_IN_FLIGHT_MAX,
  ISSUES_MAX,
  MESSAGE_SIZE_BYTES_MAX,
  STREAM_CREDIT_ITEMS,
} from './limits.ts';
export { connect, type ObjectClient } from './object-client.ts';
export {
  type ClientMessage,
  parseClientMessage,
  parseServerMessage,
  PROTOCOL_VERSION,
  type ServerMessage,
} from './protocol.ts';
