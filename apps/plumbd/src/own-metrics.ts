/** What plumbd says of itself at `/metrics`: the runtime, HTTP, DNS and etcd by prom-client, and the counters of RPC. */
import type { DnsFact } from '@plumb/registry/dns';
import type { EtcdFact } from '@plumb/registry/etcd';
import { type Dispatcher, formatRpcMetrics } from '@plumb/rpc';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

export type OwnMetrics = {
  readonly text: () => Promise<string>;
  readonly observeRequest: (route: string, status: number, seconds: number) => void;
  readonly observeDns: (fact: DnsFact) => void;
  readonly observeEtcd: (fact: EtcdFact) => void;
  readonly close: () => void;
};

export function createOwnMetrics(dispatcher: Pick<Dispatcher, 'stats'>): OwnMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'plumb_http_requests_total',
    help: 'HTTP requests answered.',
    labelNames: ['route', 'status'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'plumb_http_request_duration_seconds',
    help: 'Time from an HTTP request to the end of its answer.',
    labelNames: ['route'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10],
    registers: [registry],
  });
  const dnsAnswers = new Counter({
    name: 'plumb_dns_answers_total',
    help: 'DNS questions answered.',
    labelNames: ['transport', 'type', 'rcode'],
    registers: [registry],
  });
  const dnsTruncated = new Counter({
    name: 'plumb_dns_truncated_total',
    help: 'DNS answers that did not fit, or that the limit on reflection cut: the client is told to ask by TCP.',
    registers: [registry],
  });
  const etcdCalls = new Counter({
    name: 'plumb_etcd_calls_total',
    help: 'Calls of clients of etcd that are over.',
    labelNames: ['method', 'code'],
    registers: [registry],
  });
  return {
    text: async () => `${await registry.metrics()}${formatRpcMetrics(dispatcher)}`,
    observeRequest(route, status, seconds) {
      requests.inc({ route, status: String(status) });
      durations.observe({ route }, seconds);
    },
    observeDns({ transport, type, rcode, isTruncated }) {
      dnsAnswers.inc({ transport, type, rcode });
      if (isTruncated) dnsTruncated.inc();
    },
    observeEtcd: ({ method, code }) => etcdCalls.inc({ method, code }),
    close: () => registry.clear(),
  };
}
