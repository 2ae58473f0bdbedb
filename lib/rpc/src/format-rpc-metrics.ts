/** The counters of a dispatcher in the Prometheus text format 0.0.4, for the `/metrics` of whoever serves. */
import { DURATION_BOUNDS_SECONDS, type MethodStats } from './method-stats.ts';

type Sample = { readonly suffix?: string; readonly labels?: string; readonly value: number };

/**
 * `plumb_rpc_*`, labelled by `method` and, where calls end, by `code`. Methods that were never called are left out.
 * Durations are those of unary calls.
 */
export function formatRpcMetrics({ stats }: { readonly stats: () => readonly MethodStats[] }): string {
  const called = stats().filter(({ started }) => started > 0);
  const family = (
    name: string,
    { type, help }: { readonly type: 'counter' | 'gauge' | 'histogram'; readonly help: string },
    samplesOf: (one: MethodStats) => readonly Sample[],
  ): string => {
    const lines = called.flatMap((one) =>
      samplesOf(one).map(
        ({ suffix = '', labels = '', value }) =>
          `${name}${suffix}{method="${escapeLabel(one.method)}"${labels}} ${value}\n`,
      ),
    );
    return lines.length === 0 ? '' : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
  };
  return [
    family('plumb_rpc_calls_total', { type: 'counter', help: 'RPC calls ended.' }, ({ ended }) =>
      Object.entries(ended).map(([code, value]) => ({ labels: `,code="${code}"`, value })),
    ),
    family(
      'plumb_rpc_call_duration_seconds',
      { type: 'histogram', help: 'RPC call duration. Streams are not in it.' },
      durationSamples,
    ),
    family('plumb_rpc_calls_in_flight', { type: 'gauge', help: 'RPC calls and streams in flight.' }, ({ inFlight }) => [
      { value: inFlight },
    ]),
    family('plumb_rpc_stream_items_total', { type: 'counter', help: 'RPC stream items sent.' }, ({ items }) =>
      items === 0 ? [] : [{ value: items }],
    ),
  ].join('');
}

/** The functions of a plain object may have any name. */
function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function durationSamples({ durations }: MethodStats): Sample[] {
  let total = 0;
  const buckets = durations.counts.map((count, index): Sample => {
    total += count;
    return { suffix: '_bucket', labels: `,le="${DURATION_BOUNDS_SECONDS[index] ?? '+Inf'}"`, value: total };
  });
  if (total === 0) return [];
  return [...buckets, { suffix: '_sum', value: durations.sumSeconds }, { suffix: '_count', value: total }];
}
