import { describeError } from '@plumb/base';
import type { ChangeSet, ValueChange } from '@plumb/config-store';
import { Dialog, Empty, formatCount, formatMoment, Skeleton } from '@plumb/ui';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { addNotice } from '../store/console-store.ts';
import type { ConfigPartProps } from './config-values.tsx';
import { useConsole } from './console-context.ts';
import { useAnswer } from './use-answer.ts';
import { ValueChangeLine } from './value-change.tsx';

const PAGE = 50;

/** What was changed, revision by revision, latest first; each can be gone back to. */
export function ConfigChangeSets({ application, pulse }: ConfigPartProps): JSX.Element {
  const { api } = useConsole();
  const [limit, setLimit] = useState(PAGE);
  const [target, setTarget] = useState<number | undefined>(undefined);
  const { value: sets, fault } = useAnswer(
    (signal) => api.config.changeSets({ application, limit }, { signal }),
    application,
    [pulse.values.value, limit],
  );
  if (fault !== undefined) {
    return (
      <div class="card">
        <Empty title="The changes cannot be read">{fault}</Empty>
      </div>
    );
  }
  if (sets === undefined) return <Skeleton class="card application-skeleton" lines={6} />;
  return (
    <section class="card" aria-labelledby="changes-title">
      <header class="card-head">
        <h2 id="changes-title">Changes</h2>
      </header>
      {sets.length === 0 && <Empty title="Nothing was changed yet" />}
      <ol class="change-sets">
        {sets.map((set, index) => (
          <ChangeSetLine key={set.revision} set={set} onRollback={index === 0 ? undefined : setTarget} />
        ))}
      </ol>
      {sets.length === limit && (
        <button type="button" class="button is-small config-more" onClick={() => setLimit(limit + PAGE)}>
          Earlier
        </button>
      )}
      <Dialog
        title={`Back to revision ${target ?? ''}`}
        isOpen={target !== undefined}
        onClose={() => setTarget(undefined)}
      >
        {target !== undefined && (
          <RollbackPreview application={application} revision={target} onClose={() => setTarget(undefined)} />
        )}
      </Dialog>
    </section>
  );
}

/** Of one set: who reads on wants all of them, who looks over the list does not. */
const CHANGES_SHOWN = 6;

function ChangeSetLine({
  set: { revision, author, approvedBy, at, comment, changes },
  onRollback,
}: {
  readonly set: ChangeSet;
  readonly onRollback: ((revision: number) => void) | undefined;
}): JSX.Element {
  const { store } = useConsole();
  const [isAll, setAll] = useState(false);
  const shown = isAll ? changes : changes.slice(0, CHANGES_SHOWN);
  return (
    <li>
      <div class="change-set-head">
        <b>{comment ?? titleOf(changes)}</b>
        <small class="soft">
          revision {revision} · {author}
          {approvedBy !== undefined && `, approved by ${approvedBy}`} · {formatMoment(at, store.now.peek())}
        </small>
        {onRollback !== undefined && (
          <button
            type="button"
            class="button is-small"
            aria-label={`Roll back to revision ${revision}`}
            onClick={() => onRollback(revision)}
          >
            Roll back to here
          </button>
        )}
      </div>
      <ul class="change-lines">
        {shown.map((change) => (
          <ValueChangeLine
            key={`${change.layer} ${change.key}`}
            name={change.key}
            layer={change.layer}
            before={change.before}
            after={change.after}
          />
        ))}
      </ul>
      {changes.length > shown.length && (
        <button type="button" class="button is-small config-more" onClick={() => setAll(true)}>
          {changes.length - shown.length} more
        </button>
      )}
    </li>
  );
}

/** What going back would change; nothing is done before it is confirmed. */
function RollbackPreview({
  application,
  revision,
  onClose,
}: {
  readonly application: string;
  readonly revision: number;
  readonly onClose: () => void;
}): JSX.Element {
  const { store, api } = useConsole();
  const { value: preview, fault } = useAnswer(
    (signal) => api.config.rollback({ application, revision, isDryRun: true }, { signal }),
    `${application} ${revision}`,
  );
  const rollback = async (): Promise<void> => {
    onClose();
    try {
      const outcome = await api.config.rollback({ application, revision, comment: `back to revision ${revision}` });
      addNotice(
        store,
        outcome.kind === 'conflict' ? 'bad' : 'good',
        outcome.kind === 'proposed'
          ? 'The way back waits for a second person'
          : outcome.kind === 'conflict'
            ? 'Somebody changed a value meanwhile: look at it, then try again'
            : `${application} is as it was at revision ${revision}`,
      );
    } catch (error) {
      addNotice(store, 'bad', describeError(error));
    }
  };
  if (fault !== undefined) return <Empty title="There is no way back to it">{fault}</Empty>;
  if (preview === undefined) return <Skeleton class="pad" lines={4} />;
  const changes: readonly ValueChange[] = preview.kind === 'checked' ? preview.changes : [];
  return (
    <>
      {changes.length === 0 && <Empty title="Nothing is different">All values are as they were then.</Empty>}
      <ul class="change-lines dialog-scroll">
        {changes.map(({ key, layer, before, after }) => (
          <ValueChangeLine key={`${layer} ${key}`} name={key} layer={layer} before={before} after={after} />
        ))}
      </ul>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        {changes.length > 0 && (
          <button type="button" class="button is-primary" onClick={() => void rollback()}>
            Roll back {formatCount(changes.length, 'value')}
          </button>
        )}
      </div>
    </>
  );
}

/** Where nobody said why: what it is about. */
function titleOf(changes: readonly ValueChange[]): string {
  const [first] = changes;
  if (first === undefined) return 'Nothing in force';
  return changes.length === 1 ? first.key : `${first.key} and ${changes.length - 1} more`;
}
