/** What the HTTP door answers besides the console and the calls: metrics, health, and the Prometheus API. */
import { OperatingError } from '@plumb/base';
import type { PrometheusApi } from '@plumb/metrics/server';
import { type ConsulDoor, consulRefusal, serveConsul } from '@plumb/registry/consul';
import { type Caller, holdsScope } from '@plumb/rpc';
import type { HttpRoute } from './http-door.ts';

/** Where clients of Consul put their token. */
const CONSUL_TOKEN_HEADER = 'x-consul-token';

export type RouteDependencies = {
  readonly ownMetrics: () => Promise<string>;
  readonly prometheus: PrometheusApi;
  readonly consul: ConsulDoor;
  /** Why plumbd is not ready, or undefined when it is. */
  readonly trouble: () => string | undefined;
};

export function httpRoutes({
  ownMetrics,
  prometheus,
  consul,
  trouble,
}: RouteDependencies): Readonly<Record<string, HttpRoute>> {
  return {
    '/metrics': {
      async answer(_request, caller) {
        requireScope(caller, 'metrics:read');
        return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: await ownMetrics() };
      },
    },
    '/prometheus/api/v1': {
      async answer(request, caller) {
        requireScope(caller, 'metrics:read');
        const { status, body } = await prometheus({
          ...request,
          path: request.path.slice('/prometheus/api/v1'.length),
        });
        return { status, contentType: 'application/json', body: JSON.stringify(body) };
      },
    },
    '/v1': {
      tokenHeader: CONSUL_TOKEN_HEADER,
      refusal({ headers, url = '' }) {
        const hasShown = (headers.authorization ?? headers[CONSUL_TOKEN_HEADER]) !== undefined;
        const isInUrl = /[?&]token=/.test(url);
        const { status, body } = consulRefusal(hasShown ? 'wrong' : isInUrl ? 'in-url' : 'none');
        return { status, contentType: 'text/plain; charset=utf-8', body: String(body) };
      },
      serve: (exchange, access) => serveConsul(consul, exchange, access),
    },
    '/healthz/live': {
      answer: async () => ({ status: 200, contentType: 'text/plain; charset=utf-8', body: 'live\n' }),
    },
    '/healthz/ready': {
      async answer() {
        const reason = trouble();
        return {
          status: reason === undefined ? 200 : 503,
          contentType: 'text/plain; charset=utf-8',
          body: `${reason ?? 'ready'}\n`,
        };
      },
    },
  };
}

function requireScope(caller: Caller, scope: string): void {
  if (holdsScope(caller.scopes, scope)) return;
  throw new OperatingError(
    'denied',
    `${caller.id} does not hold ${scope}: make a token that does with "plumb token create NAME ${scope}"`,
  );
}
