export {
  type BalancedConnection,
  type BalancedConnectionOptions,
  openBalancedConnection,
} from './balanced-connection.ts';
export type { CallContext } from './call-context.ts';
export { type Accept, type Channel, type Liveness, type Message } from './channel.ts';
export type { Answer } from './ask.ts';
export { createChannelPair } from './channel-pair.ts';
export { createClient } from './client.ts';
export { type Connection, type ConnectionOptions, createConnection } from './connection.ts';
export {
  type Call,
  type Caller,
  type CallObserver,
  type CallOptions,
  type Client,
  type Contract,
  type Handlers,
  holdsScope,
  type Method,
} from './contract.ts';
export { createDispatcher, type Dispatcher, type DispatcherDependencies } from './dispatcher.ts';
export { type EndpointState } from './endpoint-link.ts';
export { ENDPOINTS_MAX } from './choose-endpoints.ts';
export { describeService } from './describe.ts';
export { formatType, type FormatTypeOptions } from './format-type.ts';
export { type DescribeFilter } from './introspection.ts';
export { type JsonSchema } from './json-schema.ts';
export { type CallableDescription, type MethodDescription, type RpcClient, rpcContract } from './rpc-contract.ts';
export { formatRpcMetrics } from './format-rpc-metrics.ts';
export {
  type Feed,
  type FeedItem,
  type FeedPosition,
  type FeedRequest,
  subscribeMethod,
  type SubscribeMethod,
} from './feed-item.ts';
export { type Change, type Missed } from './feed-replica.ts';
export { connectDispatcher, connectInProcess, type InProcessOptions } from './in-process.ts';
export {
  CALL_TIMEOUT_MS,
  CALLS_IN_FLIGHT_MAX,
  ISSUES_MAX,
  MESSAGE_SIZE_BYTES_MAX,
  REFERENCE_CALLS_MAX,
  REFERENCES_PER_CALL_MAX,
  STREAM_CREDIT_ITEMS,
  STREAMS_PER_CALL_MAX,
  STREAMS_PER_CONNECTION_MAX,
} from './limits.ts';
export { createMessagePortChannel, type MessagePortLike } from './message-port-channel.ts';
export { type CallCode, DURATION_BOUNDS_SECONDS, type MethodStats, UNKNOWN_METHOD } from './method-stats.ts';
export { type ObjectOptions } from './method-table.ts';
export { hasNotRun } from './not-run.ts';
export { createObjectClient, type Given, type ObjectClient } from './object-client.ts';
export { openConnection, type OpenConnectionOptions } from './open-connection.ts';
export { openWebSocketChannel, type OpenWebSocketOptions } from './open-websocket-channel.ts';
export { type Policy, type PolicyRequest, scopePolicy } from './policy.ts';
export { type ClientMessage, parseMessage, PROTOCOL_VERSION, type ServerMessage } from './protocol.ts';
export { type Callback, callback, streamOf } from './reference-schemas.ts';
export {
  createPublisher,
  type Publisher,
  type PublisherLimits,
  type PublisherOptions,
  type PublisherStats,
} from './publisher.ts';
export { type Endpoint, type Resolver, staticResolver } from './resolver.ts';
export { follow, resubscribe, type ResubscribeOptions } from './resubscribe.ts';
export { isRetryable } from './retryable.ts';
export { SharedValue } from './shared-value.ts';
export {
  subscribe,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionHandlers,
  type SubscriptionSnapshot,
} from './subscription.ts';
export { shareable, type ShareableSchema, unchecked } from './unchecked.ts';
export { type MethodsOf, withOptions } from './with-options.ts';
export {
  createWebSocketChannel,
  WEBSOCKET_FRAME_BYTES_MAX,
  WEBSOCKET_PROTOCOL,
  type WebSocketLike,
} from './websocket-channel.ts';
