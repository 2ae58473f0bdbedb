/** What the server tells Prometheus: its own work, and the jar as the contract counts it. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { formatEther } from 'viem';
import type { JarState } from './jar.ts';

export type Metrics = {
  readonly observe: (route: string, status: number, seconds: number) => void;
  readonly refuse: (reason: 'invalid' | 'rate' | 'chain') => void;
  readonly contentType: string;
  readonly text: () => Promise<string>;
};

export function createMetrics(jar: () => JarState): Metrics {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  const toEther = (wei: bigint): number => Number(formatEther(wei));
  // The contract is what counts: its numbers outlive this process, and a chain that starts anew resets them.
  const follow = (name: string, help: string, value: () => number): Counter =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  const gauge = (name: string, help: string, value: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });

  follow('tipjar_tips_total', 'Tips left in the jar.', () => jar().count);
  follow('tipjar_tip_ether_total', 'Ether left in the jar by all tips.', () => toEther(jar().totalWei));
  gauge('tipjar_balance_ether', 'Ether in the jar at the moment.', () => toEther(jar().balanceWei));
  gauge('tipjar_chain_height', 'Number of the last block that was read.', () => jar().height);
  const refused = new Counter({
    name: 'tipjar_tips_refused_total',
    help: 'Tips that were not taken, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const duration = new Histogram({
    name: 'tipjar_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer, by route.',
    labelNames: ['route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });

  return {
    observe: (route, status, seconds) => duration.observe({ route, status: String(status) }, seconds),
    refuse: (reason) => refused.inc({ reason }),
    contentType: register.contentType,
    text: () => register.metrics(),
  };
}
