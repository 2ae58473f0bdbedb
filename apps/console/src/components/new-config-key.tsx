import { configKeySchema } from '@plumb/config/feed';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { safeParse } from 'valibot';
import { type ConfigView, setValue } from '../store/config-view.ts';
import { parseAnyValue } from '../store/config-value.ts';
import { useConsole } from './console-context.ts';

/** Sets a key that has no value yet. */
export function NewConfigKey({ view }: { readonly view: ConfigView }): JSX.Element {
  const { api } = useConsole();
  const [key, setKey] = useState('');
  const [text, setText] = useState('');
  const [fault, setFault] = useState<string | undefined>(undefined);
  const storeFault = key === '' ? undefined : view.faults.value.get(key);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const checked = safeParse(configKeySchema, key);
    const isTaken = view.entries.value?.some((entry) => entry.key === key) === true;
    const problem = isTaken
      ? `${key} has a value already: edit it above`
      : checked.success
        ? undefined
        : `write ${checked.issues[0].message}`;
    setFault(problem);
    if (problem !== undefined) return;
    await setValue(view, api, { key, value: parseAnyValue(text) });
    if (view.faults.value.has(key)) return;
    setKey('');
    setText('');
  };
  return (
    <form class="new-key" onSubmit={(event) => void submit(event)}>
      <input
        class="input mono"
        aria-label="New key"
        placeholder="new.key"
        spellcheck={false}
        autocomplete="off"
        value={key}
        onInput={(event) => setKey(event.currentTarget.value)}
      />
      <input
        class="input mono"
        aria-label="Its value"
        placeholder="value: text, or JSON"
        spellcheck={false}
        autocomplete="off"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" class="button" disabled={key === ''}>
        Set
      </button>
      {(fault ?? storeFault) !== undefined && (
        <small class="tone-bad" role="alert">
          {fault ?? storeFault}
        </small>
      )}
    </form>
  );
}
