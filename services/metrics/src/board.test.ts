import fs from 'node:fs';
import { expect, test } from 'vitest';
import { type BoardFacts, GROUP_PANELS_MAX, PANEL_SERIES_MAX, standardBoard } from './board.ts';
import { boardFacts } from './board-facts.ts';
import type { Board } from './contract.ts';
import { parseExposition } from './exposition.ts';
import { collectHostMetrics } from './host-metrics.ts';

const unit = { application: 'tipjar', component: 'web' };

function factsOf(text: string, job: string, instances = ['127.0.0.1:3000']): BoardFacts {
  const { samples, metadata } = parseExposition(text);
  const target = { job, ...(job === 'host' ? {} : unit) };
  const series = instances.flatMap((instance) => samples.map(({ labels }) => ({ ...labels, ...target, instance })));
  return boardFacts({ job, unit, series, metadata });
}

/** A board as a person would read it aloud. */
function textOf(board: Board): string {
  return board.groups
    .map(({ title, panels }) => {
      const lines = panels.flatMap((panel) => [
        `  ${panel.title} [${panel.unit}${panel.stacked === true ? ', stacked' : ''}]`,
        ...panel.queries.map(({ query, legend }) => `    ${legend}: ${query}`),
      ]);
      return [title, ...lines].join('\n');
    })
    .join('\n');
}

test('the board of a service that exposes prom-client metrics', () => {
  const text = fs.readFileSync(new URL('testdata/tipjar.prom.txt', import.meta.url), 'utf8');
  expect(textOf(standardBoard(factsOf(text, 'tipjar-web')))).toMatchInlineSnapshot(`
    "Application
      Tips that were accepted [per-second]
        {{currency}}: sum by (currency) (rate(tipjar_tips_total{job="tipjar-web"}[1m]))
      Sum of accepted tips in wei [per-second]
        tipjar_tip_wei_total: sum(rate(tipjar_tip_wei_total{job="tipjar-web"}[1m]))
      Tips that were refused, by reason [per-second]
        tipjar_tips_refused_total: sum(rate(tipjar_tips_refused_total{job="tipjar-web"}[1m]))
      Transactions waiting for a receipt [none]
        tipjar_pending_transactions: sum(tipjar_pending_transactions{job="tipjar-web"})
      Age of last tip [seconds]
        tipjar_last_tip_timestamp_seconds: time() - max(tipjar_last_tip_timestamp_seconds{job="tipjar-web"})
      Bytes held by the cache [bytes]
        {{cache}}: sum by (cache) (tipjar_cache_size_bytes{job="tipjar-web"})
      Cache hit [ratio]
        tipjar_cache_hit_ratio: avg(tipjar_cache_hit_ratio{job="tipjar-web"})
      Confirmation: quantiles [seconds]
        quantile {{quantile}}: avg by (quantile) (tipjar_confirmation_seconds{job="tipjar-web"})
      Confirmation: rate [per-second]
        tipjar_confirmation_seconds: sum(rate(tipjar_confirmation_seconds_count{job="tipjar-web"}[1m]))
      Visits by visitor [per-second]
        tipjar_visits_total: sum(rate(tipjar_visits_total{job="tipjar-web"}[1m]))
    Traffic
      HTTP requests [per-second]
        {{status}} {{route}}: sum by (status, route) (rate(http_requests_total{job="tipjar-web"}[1m]))
      HTTP requests that failed [per-second]
        http_request_errors_total: sum(rate(http_request_errors_total{job="tipjar-web"}[1m]))
      HTTP request duration: quantiles [seconds]
        p50: histogram_quantile(0.5, sum by (le) (rate(http_request_duration_seconds_bucket{job="tipjar-web"}[1m])))
        p90: histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket{job="tipjar-web"}[1m])))
        p99: histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{job="tipjar-web"}[1m])))
      HTTP request duration: rate [per-second]
        {{route}}: sum by (route) (rate(http_request_duration_seconds_count{job="tipjar-web"}[1m]))
    Runtime
      CPU [cores]
        used: sum(rate(process_cpu_seconds_total{job="tipjar-web"}[1m]))
      Memory [bytes]
        resident: sum(process_resident_memory_bytes{job="tipjar-web"})
        heap: sum(nodejs_heap_size_total_bytes{job="tipjar-web"})
        heap used: sum(nodejs_heap_size_used_bytes{job="tipjar-web"})
        external: sum(nodejs_external_memory_bytes{job="tipjar-web"})
      Event loop lag [seconds]
        p50: max(nodejs_eventloop_lag_p50_seconds{job="tipjar-web"})
        p99: max(nodejs_eventloop_lag_p99_seconds{job="tipjar-web"})
        max: max(nodejs_eventloop_lag_max_seconds{job="tipjar-web"})
      Time in garbage collection [ratio]
        {{kind}}: sum by (kind) (rate(nodejs_gc_duration_seconds_sum{job="tipjar-web"}[1m]))
      Active resources [count]
        {{type}}: sum by (type) (nodejs_active_resources{job="tipjar-web"})
      Open files and sockets [count]
        open: sum(process_open_fds{job="tipjar-web"})
      Uptime [seconds]
        since the process started: time() - max(process_start_time_seconds{job="tipjar-web"})"
  `);
});

test('what other jobs say about the unit is on its board, picked by the unit', () => {
  const about = (metric: string, more: object = {}): Record<string, string> => ({
    __name__: metric,
    job: 'units',
    instance: 'host1',
    ...unit,
    ...more,
  });
  const series = [
    about('chain_height'),
    about('chain_state', { state: 'ready' }),
    about('chain_state', { state: 'stalled' }),
    about('chain_head_age_seconds'),
    about('plumb_unit_cpu_seconds_total'),
    about('plumb_unit_resident_memory_bytes'),
  ];
  const metadata = [
    { metric: 'chain_height', type: 'gauge', help: 'Height of the head.', unit: '' },
    { metric: 'chain_head_age_seconds', type: 'gauge', help: 'Age of the head.', unit: '' },
    { metric: 'chain_state', type: 'gauge', help: 'Health of the node.', unit: '' },
  ] as const;
  expect(textOf(standardBoard(boardFacts({ job: 'tipjar-web', unit, series, metadata })))).toMatchInlineSnapshot(`
    "Chain
      Height [none]
        head block: max(chain_height{application="tipjar",component="web"})
      Age of the head block [seconds]
        age: max(chain_head_age_seconds{application="tipjar",component="web"})
      State [none, stacked]
        {{state}}: max by (state) (chain_state{application="tipjar",component="web"}) > 0
    Resources
      CPU [cores]
        used: sum(rate(plumb_unit_cpu_seconds_total{application="tipjar",component="web"}[1m]))
      Memory [bytes]
        resident: sum(plumb_unit_resident_memory_bytes{application="tipjar",component="web"})"
  `);
});

test('the board of the host', async () => {
  const text = await collectHostMetrics(Date.now());
  expect(standardBoard(factsOf(text, 'host')).groups[0]?.panels.map(({ title }) => title)).toEqual(
    expect.arrayContaining(['CPU used', 'CPU by mode', 'Memory', 'Load', 'Disk space left', 'Uptime']),
  );
});

test('labels are split by only while the lines can be told apart', () => {
  const check = (labels: Record<string, number>, instanceCount: number, expected: string): void => {
    const metrics = [{ metric: 'x_total', type: 'counter', help: '', unit: '', labels, selector: {} } as const];
    const board = standardBoard({ title: 'x', kind: 'service', instanceCount, metrics });
    expect(board.groups[0]?.panels[0]?.queries[0]?.query).toBe(expected);
  };
  check({}, 1, 'sum(rate(x_total[1m]))');
  check({ code: 1 }, 1, 'sum(rate(x_total[1m]))');
  check({ a: 2, code: 3 }, 1, 'sum by (code, a) (rate(x_total[1m]))');
  check({ a: 2, b: 2, c: 2 }, 1, 'sum by (a, b) (rate(x_total[1m]))');
  check({ user: 100, code: 4, route: 5 }, 1, 'sum by (code) (rate(x_total[1m]))');
  check({ user: PANEL_SERIES_MAX + 1 }, 1, 'sum(rate(x_total[1m]))');
  check({ user: 100 }, 3, 'sum by (instance) (rate(x_total[1m]))');
  check({ code: 2 }, 3, 'sum by (code) (rate(x_total[1m]))');
});

test('units come from UNIT, then from the name', () => {
  const check = (metric: string, type: 'counter' | 'gauge' | 'unknown', unitText: string, expected: string): void => {
    const metrics = [{ metric, type, help: '', unit: unitText, labels: {}, selector: {} }];
    const [panel] = standardBoard({ title: 'x', kind: 'service', instanceCount: 1, metrics }).groups[0]?.panels ?? [];
    expect(`${panel?.title} [${panel?.unit}]`).toBe(expected);
  };
  check('sent_bytes_total', 'counter', '', 'Sent [bytes-per-second]');
  check('worker_cpu_seconds_total', 'counter', '', 'Worker CPU [cores]');
  check('busy_seconds_total', 'counter', '', 'Busy [ratio]');
  check('queue_length', 'gauge', '', 'Queue length [none]');
  check('queue_size', 'gauge', 'bytes', 'Queue size [bytes]');
  check('jobs_total', 'unknown', '', 'Jobs [per-second]');
  check('last_backup_timestamp_seconds', 'gauge', '', 'Age of last backup [seconds]');
});

test('a title is short: of a long help nothing is cut, the name in words tells it, without the application', () => {
  const check = (metric: string, type: 'counter' | 'gauge' | 'histogram', help: string, expected: string[]): void => {
    const metrics = [{ metric, type, help, unit: '', labels: {}, selector: {} }];
    const board = standardBoard({ title: 'tipjar-web', kind: 'service', instanceCount: 1, metrics });
    expect(board.groups[0]?.panels.map(({ title }) => title)).toEqual(expected);
  };
  check('tipjar_tips_total', 'counter', 'Tips left in the jar.', ['Tips left in the jar']);
  check('tipjar_open_pages', 'gauge', 'Pages that are open in the browsers of visitors.', ['Open pages']);
  const duration = 'tipjar_http_request_duration_seconds';
  check(duration, 'histogram', 'Time from a request to the end of its answer, by route.', [
    'HTTP request duration: quantiles',
    'HTTP request duration: rate',
  ]);
  check(duration, 'histogram', 'Time to answer.', ['Time to answer: quantiles', 'Time to answer: rate']);
  // What would be left says nothing.
  check('tipjar_up', 'gauge', '', ['Tipjar up']);
});

test('a target with very many metrics still gets a board of bounded size', () => {
  const lines = Array.from({ length: 500 }, (_, i) => `# TYPE m${i} gauge\nm${i} 1\n`).join('');
  const board = standardBoard(factsOf(lines, 'big'));
  expect(board.groups.map(({ panels }) => panels.length)).toEqual([GROUP_PANELS_MAX]);
});
