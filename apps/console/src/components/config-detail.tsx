import { describeError } from '@plumb/base';
import { isSealedValue } from '@plumb/config/feed';
import type { ConfigEntry } from '@plumb/config-store';
import { Empty, formatMoment, Icon, Skeleton } from '@plumb/ui';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { shortValue } from '../store/config-list.ts';
import { layerWord, placeWord } from '../store/config-place.ts';
import { valueText } from '../store/config-value.ts';
import { addNotice } from '../store/console-store.ts';
import { Ago } from './ago.tsx';
import { ConfigEditForm } from './config-edit-form.tsx';
import { ConfigKeyHistory } from './config-key-history.tsx';
import { ConfigReaders } from './config-readers.tsx';
import type { ConfigPartProps, LayerUse } from './config-values.tsx';
import { useConsole, useEscape } from './console-context.ts';
import { useAnswer } from './use-answer.ts';

export type ConfigDetailProps = ConfigPartProps & {
  readonly layers: readonly LayerUse[];
  /** Undefined: a key that is to be made. */
  readonly keyName: string | undefined;
  readonly entry: ConfigEntry | undefined;
  readonly unusedSince: number | undefined;
  readonly onOpen: (key: string | undefined) => void;
};

/** One key: what it is, why, who set it, what it was, who reads it. Beside the list, or in its place where it is narrow. */
export function ConfigDetail(props: ConfigDetailProps): JSX.Element {
  const { application, pulse, place, layers, keyName, onOpen } = props;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: innerWidth > 980 }), []);
  useEscape(() => onOpen(undefined));
  return (
    <section class="card config-detail" aria-labelledby="config-key-title">
      <header class="card-head">
        <h2 id="config-key-title" ref={heading} tabIndex={-1}>
          {keyName === undefined ? 'New key' : <code>{keyName}</code>}
        </h2>
        <button
          type="button"
          class="icon-button"
          aria-label="Close"
          title="Close (Esc)"
          onClick={() => onOpen(undefined)}
        >
          <Icon name="close" />
        </button>
      </header>
      {keyName === undefined ? (
        <ConfigEditForm
          application={application}
          place={place}
          layers={layers}
          keyName={undefined}
          entries={[]}
          inForce={undefined}
          onDone={onOpen}
          onCancel={() => onOpen(undefined)}
        />
      ) : (
        <>
          <KeyFacts {...props} keyName={keyName} />
          <ConfigReaders application={application} pulse={pulse} keyName={keyName} unusedSince={props.unusedSince} />
          <ConfigKeyHistory application={application} pulse={pulse} keyName={keyName} />
        </>
      )}
    </section>
  );
}

function KeyFacts({
  application,
  pulse,
  place,
  layers,
  keyName,
  entry,
}: ConfigDetailProps & { readonly keyName: string }): JSX.Element {
  const { api } = useConsole();
  const [isEditing, setEditing] = useState(false);
  const subject = `${application} ${keyName} ${placeWord(place)}`;
  const { value: explanation, fault } = useAnswer(
    (signal) => api.config.explain({ application, ...place, key: keyName }, { signal }),
    subject,
    [pulse.values.value, pulse.rollouts.value],
  );
  if (fault !== undefined) return <Empty title="The key cannot be explained">{fault}</Empty>;
  if (explanation === undefined) return <Skeleton class="pad" lines={4} />;
  const { entries, rollout } = explanation;
  // Those of other places are listed too: what is set for one environment is seen from the others.
  const winner = entries.findLast(({ isInForce }) => isInForce);
  return (
    <>
      {isEditing ? (
        <ConfigEditForm
          application={application}
          place={place}
          layers={layers}
          keyName={keyName}
          entries={entries}
          inForce={winner}
          onDone={() => setEditing(false)}
          onCancel={() => setEditing(false)}
        />
      ) : (
        <div class="config-now">
          <ValueBlock entry={entry ?? winner} />
          <button type="button" class="button is-small" aria-label={`Edit ${keyName}`} onClick={() => setEditing(true)}>
            <Icon name="edit" />
            Edit
          </button>
        </div>
      )}
      {rollout !== undefined && (
        <p class="config-rollout-note">
          A rollout gives <code>{shortValue(rollout.value)}</code> to {rollout.instances.join(', ')}.
        </p>
      )}
      <h3>Where it comes from</h3>
      <ol class="layer-list">
        {entries.toReversed().map((one) => (
          <LayerLine
            key={one.layer}
            application={application}
            entry={one}
            isInForce={one === winner}
            canUnset={one.layer !== 'manifest'}
          />
        ))}
        {entries.length === 0 && <li class="soft">No layer has a value here.</li>}
      </ol>
    </>
  );
}

function ValueBlock({ entry }: { readonly entry: ConfigEntry | undefined }): JSX.Element {
  if (entry === undefined) return <p class="soft">no value here</p>;
  if (isSealedValue(entry.value)) {
    const isMine = entry.value.$sealed !== '';
    return (
      <p class="config-secret">
        <Icon name="lock" />
        {isMine
          ? `A secret that ${entry.value.to.length} can open. Its text is shown nowhere but in a terminal.`
          : 'A secret. It is not for you.'}
      </p>
    );
  }
  const value = valueText(entry.value);
  return <pre class="config-value-text">{value === '' ? '(empty)' : value}</pre>;
}

function LayerLine({
  application,
  entry,
  isInForce,
  canUnset,
}: {
  readonly application: string;
  readonly entry: ConfigEntry;
  readonly isInForce: boolean;
  readonly canUnset: boolean;
}): JSX.Element {
  const { store, api } = useConsole();
  const { key, layer, author, at, comment, revision, value } = entry;
  const unset = async (): Promise<void> => {
    try {
      const outcome = await api.config.unset({ application, key, layer, ifRevision: revision });
      if (outcome.kind === 'conflict') addNotice(store, 'bad', `${key} was changed by somebody else: look at it first`);
      if (outcome.kind === 'proposed') addNotice(store, 'good', `to unset ${key} waits for a second person`);
    } catch (error) {
      addNotice(store, 'bad', describeError(error));
    }
  };
  return (
    <li class={isInForce ? 'is-in-force' : undefined}>
      <span class={isInForce ? 'tag is-accent' : 'tag'}>{layerWord(layer)}</span>
      <code>{shortValue(value)}</code>
      <small class="soft" title={formatMoment(at, store.now.peek())}>
        {author}, <Ago at={at} />
        {comment !== undefined && ` · ${comment}`}
      </small>
      {isInForce ? <span class="visually-hidden">in force</span> : null}
      {canUnset && (
        <button
          type="button"
          class="button is-small"
          aria-label={`Unset ${key} for ${layerWord(layer)}`}
          onClick={() => void unset()}
        >
          Unset
        </button>
      )}
    </li>
  );
}
