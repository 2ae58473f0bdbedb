import { Chart, chartStepMs, Empty } from '@plumb/ui';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { WindowChoice } from '../components/board.tsx';
import { useConsole, useRunning } from '../components/console-context.ts';
import { windowLength } from '../store/board-view.ts';
import { type QueryOutcome, runQuery } from '../store/query-run.ts';

const GRAPH_WIDTH = 1_000;
const EXAMPLES = ['up', 'rate(plumb_unit_cpu_seconds_total[1m])', 'node_load1'];

/** Asks the time-series database by hand. The query is part of the address, so it can be sent to somebody. */
export function QueryPage(): JSX.Element {
  const { store, api, world, navigate } = useConsole();
  const asked = new URLSearchParams(store.search.value).get('q') ?? '';
  const [text, setText] = useState(asked);
  const [outcome, setOutcome] = useState<QueryOutcome | undefined>(undefined);
  const windowMs = windowLength(store.graphWindow.value);

  useRunning(
    async (signal) => {
      setText(asked);
      if (asked === '') return;
      const run = { query: asked, endAt: world.clock.now(), windowMs, stepMs: chartStepMs(windowMs, GRAPH_WIDTH) };
      const next = await runQuery(api, run);
      if (!signal.aborted) setOutcome(next);
    },
    [asked, windowMs],
  );
  const submit = (event: Event): void => {
    event.preventDefault();
    navigate(`/query?q=${encodeURIComponent(text.trim())}`);
  };
  return (
    <>
      <header class="page-head">
        <h1 tabIndex={-1}>Query</h1>
        <WindowChoice />
      </header>
      <form class="query-form" onSubmit={submit}>
        <input
          class="input mono"
          data-filter
          aria-label="PromQL query"
          placeholder="sum by (component) (rate(plumb_unit_cpu_seconds_total[1m]))"
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" class="button is-primary" disabled={text.trim() === ''}>
          Run
        </button>
      </form>
      {outcome === undefined ? <Examples /> : <Outcome query={asked} outcome={outcome} />}
    </>
  );
}

function Examples(): JSX.Element {
  return (
    <div class="card">
      <Empty title="Ask in PromQL">
        <ul class="stack-small">
          {EXAMPLES.map((example) => (
            <li key={example}>
              <a class="link mono" href={`/query?q=${encodeURIComponent(example)}`}>
                {example}
              </a>
            </li>
          ))}
        </ul>
      </Empty>
    </div>
  );
}

function Outcome({ query, outcome }: { readonly query: string; readonly outcome: QueryOutcome }): JSX.Element {
  if (outcome.kind === 'fault') {
    return (
      <div class="card query-fault" role="alert">
        {outcome.offset !== undefined && (
          <pre class="query-caret">
            {query}
            {'\n'}
            <span class="tone-bad">{' '.repeat(outcome.offset) + '^'.repeat(outcome.length)}</span>
          </pre>
        )}
        <p>{outcome.message}</p>
      </div>
    );
  }
  return (
    <>
      {outcome.frame !== undefined && outcome.frame.series.length > 0 && (
        <figure class="card graph query-graph" aria-label="Result over time">
          <Chart label={query} unit="none" frame={outcome.frame} syncKey="query" />
        </figure>
      )}
      <table class="card query-table">
        <caption class="visually-hidden">Values now</caption>
        <thead>
          <tr>
            <th scope="col">Series</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {outcome.rows.map(({ labels, value }) => (
            <tr key={labels}>
              <td class="mono">{labels}</td>
              <td class="mono query-value">{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {outcome.rows.length === 0 && (
        <Empty title="No series has samples for this at the moment" command={`plumb query '${query}'`} />
      )}
    </>
  );
}
