import { describeError } from '@plumb/base';
import type { ConfigChange, ConfigEntry } from '@plumb/config-store';
import { Dialog, Empty, formatMoment, Skeleton } from '@plumb/ui';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type ConfigView, setValue } from '../store/config-view.ts';
import { valueText } from '../store/config-value.ts';
import { useConsole, useRunning } from './console-context.ts';

export type ConfigHistoryProps = {
  readonly view: ConfigView;
  readonly entry: ConfigEntry | undefined;
  readonly onClose: () => void;
};

/** Who changed a key, when, to what; each value can be had back. */
export function ConfigHistory({ view, entry, onClose }: ConfigHistoryProps): JSX.Element {
  return (
    <Dialog class="history" title={`History of ${entry?.key ?? ''}`} isOpen={entry !== undefined} onClose={onClose}>
      {entry !== undefined && <HistoryList view={view} entry={entry} onClose={onClose} />}
    </Dialog>
  );
}

const CHANGES_SHOWN = 50;

function HistoryList({ view, entry, onClose }: ConfigHistoryProps & { readonly entry: ConfigEntry }): JSX.Element {
  const { api } = useConsole();
  const { application, key } = entry;
  const [changes, setChanges] = useState<readonly ConfigChange[] | string | undefined>(undefined);
  useRunning(
    (signal) =>
      api.config
        .history({ application, key, limit: CHANGES_SHOWN }, { signal })
        .then(setChanges, (error: unknown) => setChanges(describeError(error))),
    [key],
  );
  if (changes === undefined) return <Skeleton class="pad" lines={4} />;
  if (typeof changes === 'string') return <Empty title="The history cannot be read">{changes}</Empty>;
  return (
    <ol class="history-list">
      {changes.map((change, index) => (
        <HistoryRow
          key={change.revision}
          change={change}
          onRestore={
            index === 0 || change.value === undefined
              ? undefined
              : () => {
                  onClose();
                  void setValue(view, api, {
                    key,
                    value: change.value ?? null,
                    known: view.entries.value?.find((one) => one.key === key),
                  });
                }
          }
        />
      ))}
    </ol>
  );
}

function HistoryRow({
  change,
  onRestore,
}: {
  readonly change: ConfigChange;
  readonly onRestore: (() => void) | undefined;
}): JSX.Element {
  const { store } = useConsole();
  const { revision, value, author, at, comment, layer } = change;
  return (
    <li>
      <div>
        <code class="history-value">{value === undefined ? 'unset' : valueText(value)}</code>
        <small class="soft">
          revision {revision} · {layer === 'manifest' ? 'plumb.yaml' : author} · {formatMoment(at, store.now.peek())}
          {comment !== undefined && ` · ${comment}`}
        </small>
      </div>
      {onRestore !== undefined && (
        <button type="button" class="button is-small" onClick={onRestore}>
          Restore
        </button>
      )}
    </li>
  );
}
