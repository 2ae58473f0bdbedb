import { describeError, sleep } from '@plumb/base';
import { type ConfigValue, configKeySchema } from '@plumb/config/feed';
import type { ConfigEntry } from '@plumb/config-store';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { safeParse } from 'valibot';
import { type Draft, DRAFT_TYPES, draftOf, type DraftType, readDraft } from '../store/config-draft.ts';
import { shortValue } from '../store/config-list.ts';
import { layerWord, type Place, writableLayers } from '../store/config-place.ts';
import { addNotice } from '../store/console-store.ts';
import type { LayerUse } from './config-values.tsx';
import { useConsole, useEscape, useRunning } from './console-context.ts';

export type ConfigEditFormProps = {
  readonly application: string;
  readonly place: Place;
  readonly layers: readonly LayerUse[];
  /** Undefined: a key that has no value yet. */
  readonly keyName: string | undefined;
  /** What each layer says of the key. */
  readonly entries: readonly ConfigEntry[];
  readonly inForce: ConfigEntry | undefined;
  readonly onDone: (key: string) => void;
  readonly onCancel: () => void;
};

const TYPE_WORDS: Readonly<Record<DraftType, string>> = {
  text: 'Text',
  number: 'Number',
  boolean: 'Yes or no',
  list: 'List',
  secret: 'Secret',
};

/** Long enough that a word in the middle of being written is not judged. */
const CHECK_DELAY_MS = 250;

/** Sets a value in a layer. It is checked against the schema while it is written, and sealed here if it is a secret. */
export function ConfigEditForm(props: ConfigEditFormProps): JSX.Element {
  const { application, place, layers, keyName, entries, inForce, onDone, onCancel } = props;
  const { store, api, world } = useConsole();
  const choices = writableLayers(place);
  const [layer, setLayer] = useState(choices.find((one) => one === inForce?.layer) ?? choices[0] ?? 'common');
  const own = entries.find((entry) => entry.layer === layer);
  const [key, setKey] = useState(keyName ?? '');
  const [draft, setDraft] = useState<Draft>(() => draftOf((own ?? inForce)?.value));
  const [comment, setComment] = useState('');
  const [faults, setFaults] = useState<readonly string[]>([]);
  const [theirs, setTheirs] = useState<ConfigEntry | undefined>(undefined);
  const [isStoring, setStoring] = useState(false);
  const read = readDraft(draft);
  const isKey = safeParse(configKeySchema, key).success;

  useEscape(onCancel);
  useRunning(
    async (signal) => {
      await sleep(world.clock, CHECK_DELAY_MS, signal);
      if (signal.aborted || !isKey || read.kind !== 'value') return;
      const found = await api.config
        .check({ application, changes: [{ key, layer, value: read.value }] }, { signal })
        .catch(() => []);
      if (!signal.aborted) setFaults(found.map(({ reason }) => reason));
    },
    [key, layer, draft],
  );

  const edit = (next: Draft): void => {
    setDraft(next);
    setFaults([]);
  };
  const submit = async (known: ConfigEntry | undefined): Promise<void> => {
    const problem = !isKey ? 'write a key of letters, digits and hyphens with dots between, like mail.host' : undefined;
    if (problem !== undefined || read.kind === 'fault') {
      setFaults([problem ?? (read.kind === 'fault' ? read.message : '')]);
      return;
    }
    setStoring(true);
    try {
      const value = read.kind === 'value' ? read.value : await seal(props, { key, layer, text: read.text }, api);
      const outcome = await api.config.set({
        application,
        key,
        value,
        layer,
        ifRevision: known?.revision ?? 0,
        ...(comment !== '' && { comment }),
      });
      if (outcome.kind === 'conflict') {
        setTheirs(outcome.current);
        setFaults(['somebody else changed it meanwhile']);
        return;
      }
      const said = outcome.kind === 'stored' ? `is at revision ${outcome.revision}` : 'waits for a second person';
      addNotice(store, 'good', `${key} ${said}`);
      onDone(key);
    } catch (error) {
      setFaults([describeError(error)]);
    } finally {
      setStoring(false);
    }
  };
  const isProtected = layers.some((one) => one.layer === layer && one.isProtected);
  return (
    <form
      class="config-form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit(theirs ?? own);
      }}
    >
      {keyName === undefined && (
        <label>
          <span>Key</span>
          <input
            class="input mono"
            autofocus
            placeholder="mail.host"
            spellcheck={false}
            autocomplete="off"
            value={key}
            onInput={(event) => setKey(event.currentTarget.value.trim())}
          />
        </label>
      )}
      <DraftField draft={draft} keyName={key} isBad={faults.length > 0} onChange={edit} />
      {faults.length > 0 && (
        <div class="tone-bad config-faults" role="alert">
          {faults.map((fault) => (
            <p key={fault}>{fault}</p>
          ))}
          {theirs !== undefined && (
            <p>
              Theirs: <code>{shortValue(theirs.value)}</code> by {theirs.author}. Save again to put yours over it.
            </p>
          )}
        </div>
      )}
      <div class="config-form-row">
        <label>
          <span>For</span>
          <select class="input" value={layer} onChange={(event) => setLayer(event.currentTarget.value)}>
            {choices.map((one) => (
              <option key={one} value={one}>
                {layerWord(one)}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>Type</span>
          <select
            class="input"
            value={draft.type}
            onChange={(event) => edit({ ...draft, type: event.currentTarget.value as DraftType })}
          >
            {DRAFT_TYPES.map((type) => (
              <option key={type} value={type}>
                {TYPE_WORDS[type]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <label>
        <span>Why</span>
        <input
          class="input"
          placeholder="for the history"
          maxLength={500}
          value={comment}
          onInput={(event) => setComment(event.currentTarget.value)}
        />
      </label>
      <div class="config-form-actions">
        <button type="button" class="button is-small" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" class="button is-small is-primary" disabled={isStoring}>
          {isStoring ? 'Saving…' : isProtected ? 'Propose' : 'Save'}
        </button>
      </div>
    </form>
  );
}

type DraftFieldProps = {
  readonly draft: Draft;
  readonly keyName: string;
  readonly isBad: boolean;
  readonly onChange: (draft: Draft) => void;
};

/** The field that suits the type. */
function DraftField({ draft, keyName, isBad, onChange }: DraftFieldProps): JSX.Element {
  const { type, text } = draft;
  const shared = {
    'aria-label': `Value of ${keyName === '' ? 'the key' : keyName}`,
    'aria-invalid': isBad,
    spellcheck: false,
    autocomplete: 'off',
    value: text,
  } as const;
  if (type === 'boolean') {
    return (
      <select {...shared} class="input mono" onChange={(event) => onChange({ type, text: event.currentTarget.value })}>
        {text !== 'true' && text !== 'false' && <option value={text}>choose</option>}
        <option value="true">true</option>
        <option value="false">false</option>
      </select>
    );
  }
  const onInput = (event: { readonly currentTarget: { readonly value: string } }): void =>
    onChange({ type, text: event.currentTarget.value });
  if (type === 'secret') {
    const placeholder = 'sealed before it leaves this browser';
    return <input {...shared} type="password" class="input mono" placeholder={placeholder} onInput={onInput} />;
  }
  if (type === 'number') return <input {...shared} inputMode="decimal" class="input mono" onInput={onInput} />;
  return (
    <textarea
      {...shared}
      class="input mono"
      rows={type === 'list' ? 5 : Math.min(8, text.split('\n').length)}
      onInput={onInput}
    />
  );
}

/** Loaded where a secret is written: nobody else needs it. */
async function seal(
  { application }: ConfigEditFormProps,
  { key, layer, text }: { readonly key: string; readonly layer: string; readonly text: string },
  api: ReturnType<typeof useConsole>['api'],
): Promise<ConfigValue> {
  const [{ sealValue }, owners] = await Promise.all([
    import('@plumb/vault'),
    api.config.recipientsFor({ application, layer }),
  ]);
  const recipients = [...new Set(owners.map(({ recipient }) => recipient))];
  return sealValue({ application, key, value: text, recipients });
}
