import type { ConfigValue } from '@plumb/config/feed';
import type { ConfigEntry } from '@plumb/config-store';
import { Icon } from '@plumb/ui';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type ConfigView, setValue, unsetValue } from '../store/config-view.ts';
import { parseValue, typeName, valueText } from '../store/config-value.ts';
import { Ago } from './ago.tsx';
import { useConsole } from './console-context.ts';

export type ConfigRowProps = { readonly view: ConfigView; readonly entry: ConfigEntry; readonly onHistory: () => void };

/** One key: its value, where it came from, and what can be done to it. */
export function ConfigRow({ view, entry, onHistory }: ConfigRowProps): JSX.Element {
  const { api } = useConsole();
  const { key, layer, author, at, manifestValue, comment } = entry;
  const isPending = view.pending.value.has(key);
  const fault = view.faults.value.get(key);
  return (
    <tr class={isPending ? 'is-pending' : undefined}>
      <th scope="row">
        <code>{key}</code>
      </th>
      <td class="config-value">
        <ValueField view={view} entry={entry} />
        {fault !== undefined && (
          <small class="tone-bad" role="alert">
            {fault}
          </small>
        )}
      </td>
      <td data-label="From">
        <span
          class={layer === 'manifest' ? 'tag' : 'tag is-accent'}
          title={manifestValue === undefined ? undefined : `plumb.yaml gives ${JSON.stringify(manifestValue)}`}
        >
          {layer === 'manifest' ? 'plumb.yaml' : layer === 'common' ? 'set' : layer}
        </span>
      </td>
      <td data-label="Changed" class="soft" title={comment}>
        {isPending ? (
          'storing…'
        ) : (
          <>
            {author}, <Ago at={at} />
          </>
        )}
      </td>
      <td class="config-actions">
        {layer !== 'manifest' && (
          <button
            type="button"
            class="button is-small"
            disabled={isPending}
            onClick={() => void unsetValue(view, api, entry)}
          >
            Unset
          </button>
        )}
        <button type="button" class="icon-button" aria-label={`History of ${key}`} title="History" onClick={onHistory}>
          <Icon name="history" />
        </button>
      </td>
    </tr>
  );
}

/** The value as text; a click or Enter makes it a field, Enter stores, Escape leaves. */
function ValueField({ view, entry }: Pick<ConfigRowProps, 'view' | 'entry'>): JSX.Element {
  const { api } = useConsole();
  const [draft, setDraft] = useState<string | undefined>(undefined);
  const [fault, setFault] = useState<string | undefined>(undefined);
  const field = useRef<HTMLInputElement>(null);
  const isEditing = draft !== undefined;
  const button = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(false);
  useEffect(() => {
    if (isEditing) field.current?.select();
    else if (wasEditing.current) button.current?.focus();
    wasEditing.current = isEditing;
  }, [isEditing]);

  const leave = (): void => {
    setDraft(undefined);
    setFault(undefined);
  };
  const store = (value: ConfigValue): void => {
    leave();
    if (JSON.stringify(value) !== JSON.stringify(entry.value))
      void setValue(view, api, { key: entry.key, value, known: entry });
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    const parsed = parseValue(draft ?? '', entry.value);
    if (parsed.kind === 'fault') setFault(parsed.message);
    else store(parsed.value);
  };
  if (!isEditing) {
    return (
      <button
        ref={button}
        type="button"
        class="value-button"
        aria-label={`Edit ${entry.key}`}
        onClick={() => setDraft(valueText(entry.value))}
      >
        <span class={`value value-${typeName(entry.value)}`}>
          {valueText(entry.value) === '' ? '(empty)' : valueText(entry.value)}
        </span>
        <Icon name="edit" />
      </button>
    );
  }
  return (
    <form class="value-form" onSubmit={submit}>
      <input
        ref={field}
        class="input mono"
        aria-label={`Value of ${entry.key}`}
        aria-invalid={fault !== undefined}
        spellcheck={false}
        autocomplete="off"
        value={draft}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && leave()}
      />
      <button type="submit" class="button is-small is-primary">
        Save
      </button>
      <button type="button" class="button is-small" onClick={leave}>
        Cancel
      </button>
      {fault !== undefined && (
        <small class="tone-bad" role="alert">
          {fault}
        </small>
      )}
    </form>
  );
}
