import { openOverTcp, openOverUnixSocket } from './open-zeromq.ts';
import { rpcSuite } from './rpc-suite.ts';
import { RICH_VALUES } from './values.ts';

rpcSuite('ZeroMQ over TCP', openOverTcp, { values: RICH_VALUES });
rpcSuite('ZeroMQ over a unix socket', openOverUnixSocket, { values: RICH_VALUES });
