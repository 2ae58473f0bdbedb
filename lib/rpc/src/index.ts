export type { Accept, Channel, Message } from './channel.ts';
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
