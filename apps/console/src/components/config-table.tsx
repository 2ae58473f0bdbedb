import type { ConfigEntry } from '@plumb/config-store';
import { Empty, formatCount, Skeleton, Status } from '@plumb/ui';
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { type ConfigView, countConverged, createConfigView, followConfig, isConverged } from '../store/config-view.ts';
import { configPath } from '../router.ts';
import { ConfigHistory } from './config-history.tsx';
import { ConfigRow } from './config-row.tsx';
import { useConsole, useRunning } from './console-context.ts';
import { NewConfigKey } from './new-config-key.tsx';

const MANIFEST_HINT = 'Values come from “config” in plumb.yaml, or are set here or in a terminal:';

export type ConfigTableProps = {
  readonly application: string;
  readonly title?: string;
  /** Where there are no values: what may be set. */
  readonly hint?: string;
};

/** The values in force of one application, edited in place. */
export function ConfigTable({
  application,
  title = 'Configuration',
  hint = MANIFEST_HINT,
}: ConfigTableProps): JSX.Element {
  const { api, world } = useConsole();
  const view = useMemo(() => createConfigView(application), [application]);
  useRunning((signal) => followConfig(view, api, world, signal), [view]);
  const [historyOf, setHistoryOf] = useState<ConfigEntry | undefined>(undefined);
  const entries = view.shown.value;
  return (
    <section class="card config" aria-labelledby="config-title">
      <header class="card-head">
        <h2 id="config-title">{title}</h2>
        <span class="card-meta">
          <ConvergenceStatus view={view} />{' '}
          <a class="link" href={configPath(application)}>
            Places, changes, rollouts
          </a>
        </span>
      </header>
      {view.refused.value !== undefined && <Empty title="The configuration cannot be read">{view.refused.value}</Empty>}
      {entries === undefined && view.refused.value === undefined && <Skeleton class="pad" lines={4} />}
      {entries?.length === 0 && (
        <Empty title="No values yet" command={`plumb config set ${application}.KEY VALUE`}>
          {hint}
        </Empty>
      )}
      {entries !== undefined && entries.length > 0 && (
        <table class="config-table">
          <caption class="visually-hidden">Values in force</caption>
          <thead>
            <tr>
              <th scope="col">Key</th>
              <th scope="col">Value</th>
              <th scope="col">From</th>
              <th scope="col">Changed</th>
              <th scope="col">
                <span class="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <ConfigRow key={entry.key} view={view} entry={entry} onHistory={() => setHistoryOf(entry)} />
            ))}
          </tbody>
        </table>
      )}
      {entries !== undefined && <NewConfigKey view={view} />}
      <ConfigHistory view={view} entry={historyOf} onClose={() => setHistoryOf(undefined)} />
    </section>
  );
}

/** Whether every instance runs the last revision. */
function ConvergenceStatus({ view }: { readonly view: ConfigView }): JSX.Element | null {
  const convergence = view.convergence.value;
  if (convergence === undefined) return null;
  const { revision, instances } = convergence;
  if (instances.length === 0) return <span class="faint">{revision === 0 ? '' : `revision ${revision}`}</span>;
  const there = countConverged(convergence);
  const text = `${there} of ${formatCount(instances.length, 'instance')} ${instances.length === 1 ? 'runs' : 'run'} revision ${revision}`;
  return (
    <output>
      <Status tone={isConverged(convergence) ? 'good' : 'busy'} word={text} />
    </output>
  );
}
