import { describeError } from '@plumb/base';
import type { ConfigChange } from '@plumb/config-store';
import { formatMoment } from '@plumb/ui';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ConfigPulse } from '../store/config-follow.ts';
import { shortValue } from '../store/config-list.ts';
import { layerWord } from '../store/config-place.ts';
import { addNotice } from '../store/console-store.ts';
import { useConsole } from './console-context.ts';
import { useAnswer } from './use-answer.ts';

/** The latest are what is asked for; the rest is one step away. */
const SHOWN_AT_FIRST = 5;
const SHOWN_MAX = 100;

/** What the key was: each change with its old and new value, and the way back. */
export function ConfigKeyHistory({
  application,
  pulse,
  keyName,
}: {
  readonly application: string;
  readonly pulse: ConfigPulse;
  readonly keyName: string;
}): JSX.Element | null {
  const { api } = useConsole();
  const [isAll, setAll] = useState(false);
  const { value: changes } = useAnswer(
    (signal) => api.config.history({ application, key: keyName, limit: SHOWN_MAX }, { signal }),
    `${application} ${keyName}`,
    [pulse.values.value],
  );
  if (changes === undefined || changes.length === 0) return null;
  const shown = isAll ? changes : changes.slice(0, SHOWN_AT_FIRST);
  return (
    <>
      <h3>What it was</h3>
      <ol class="change-list">
        {shown.map((change, index) => (
          <HistoryLine
            key={`${change.revision} ${change.layer}`}
            application={application}
            change={change}
            before={changes.slice(index + 1).find(({ layer }) => layer === change.layer)}
            isLatest={changes.findIndex(({ layer }) => layer === change.layer) === index}
          />
        ))}
      </ol>
      {changes.length > shown.length && (
        <button type="button" class="button is-small config-more" onClick={() => setAll(true)}>
          {changes.length - shown.length} earlier
        </button>
      )}
    </>
  );
}

function HistoryLine({
  application,
  change,
  before,
  isLatest,
}: {
  readonly application: string;
  readonly change: ConfigChange;
  readonly before: ConfigChange | undefined;
  readonly isLatest: boolean;
}): JSX.Element {
  const { store, api } = useConsole();
  const { key, layer, revision, value, author, approvedBy, at, comment } = change;
  const restore = async (): Promise<void> => {
    const wanted = { key, layer, ...(value !== undefined && { value }) };
    try {
      const outcome = await api.config.change({
        application,
        changes: [wanted],
        comment: `back to revision ${revision}`,
      });
      if (outcome.kind === 'proposed') addNotice(store, 'good', `${key} waits for a second person`);
    } catch (error) {
      addNotice(store, 'bad', describeError(error));
    }
  };
  return (
    <li>
      <p class="change-values">
        {before?.value !== undefined && <del>{shortValue(before.value)}</del>}
        {value === undefined ? <span class="faint">unset</span> : <ins>{shortValue(value)}</ins>}
      </p>
      <small class="soft">
        {layerWord(layer)} · {author}
        {approvedBy !== undefined && `, approved by ${approvedBy}`} · {formatMoment(at, store.now.peek())}
        {comment !== undefined && ` · ${comment}`}
      </small>
      {!isLatest && layer !== 'manifest' && (
        <button
          type="button"
          class="button is-small"
          aria-label={`Restore ${shortValue(value)}`}
          onClick={() => void restore()}
        >
          Restore
        </button>
      )}
    </li>
  );
}
