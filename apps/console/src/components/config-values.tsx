import { Empty, formatWhole, Segmented, Skeleton } from '@plumb/ui';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ConfigPulse } from '../store/config-follow.ts';
import { findEntries, type KeyFilter } from '../store/config-list.ts';
import { type Place, placeWord } from '../store/config-place.ts';
import { ConfigDetail } from './config-detail.tsx';
import { ConfigKeyList } from './config-key-list.tsx';
import { useConsole } from './console-context.ts';
import { useAnswer } from './use-answer.ts';

export type ConfigPartProps = { readonly application: string; readonly pulse: ConfigPulse; readonly place: Place };
export type LayerUse = { readonly layer: string; readonly keys: number; readonly isProtected: boolean };

const FILTERS: readonly { readonly value: KeyFilter; readonly label: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'set', label: 'Set here' },
  { value: 'secret', label: 'Secrets' },
  { value: 'unused', label: 'Unused' },
];

/** Every value in force: searched, and one of them in detail beside the list. */
export function ConfigValues({
  application,
  pulse,
  place,
  layers,
}: ConfigPartProps & { readonly layers: readonly LayerUse[] }): JSX.Element {
  const { store, api, navigate } = useConsole();
  const [text, setText] = useState('');
  const [filter, setFilter] = useState<KeyFilter>('all');
  const subject = `${application} ${placeWord(place)}`;
  const entries = useAnswer((signal) => api.config.list({ application, ...place }, { signal }), subject, [
    pulse.values.value,
    pulse.rollouts.value,
  ]);
  const unused = useAnswer((signal) => api.config.unused({ application }, { signal }), application, [
    pulse.reads.value,
    pulse.values.value,
  ]);
  const search = new URLSearchParams(store.search.value);
  const open = search.get('key') ?? undefined;
  const select = (key: string | undefined): void => {
    if (key === undefined) search.delete('key');
    else search.set('key', key);
    const query = search.toString();
    navigate(`${store.path.value}${query === '' ? '' : `?${query}`}`);
  };
  const all = entries.value;
  const unusedKeys = new Set(unused.value?.map(({ key }) => key));
  const found = all && findEntries(all, { text, filter, unused: unusedKeys });
  return (
    <div class={open === undefined ? 'config-split' : 'config-split is-open'}>
      <section class="card config-list" aria-label="Values in force">
        <header class="config-tools">
          <input
            class="input"
            type="search"
            data-filter
            aria-label="Search keys and values"
            placeholder="Search  /"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <Segmented label="Which keys" options={FILTERS} value={filter} onChange={setFilter} />
          <button type="button" class="button is-small" onClick={() => select('')}>
            New key
          </button>
        </header>
        {entries.fault !== undefined && <Empty title="The values cannot be read">{entries.fault}</Empty>}
        {all === undefined && entries.fault === undefined && <Skeleton class="pad" lines={8} />}
        {found !== undefined && found.length > 0 && (
          <ConfigKeyList
            entries={found}
            open={open}
            unused={unusedKeys}
            label={`${formatWhole(found.length)} of ${formatWhole(all?.length ?? 0)} keys`}
            onOpen={select}
          />
        )}
        {all?.length === 0 && (
          <Empty title="No values yet" command={`plumb config set ${application}.KEY VALUE`}>
            Values come from “config” in plumb.yaml, or are set here or in a terminal:
          </Empty>
        )}
        {all !== undefined && all.length > 0 && found?.length === 0 && (
          <Empty title={filter === 'unused' && text === '' ? 'Every key is read by somebody' : 'Nothing matches'}>
            {filter === 'unused' && text === '' ? undefined : 'Search other words, or look at all keys.'}
          </Empty>
        )}
      </section>
      {open !== undefined && (
        <ConfigDetail
          key={`${open} ${subject}`}
          application={application}
          pulse={pulse}
          place={place}
          layers={layers}
          keyName={open === '' ? undefined : open}
          entry={all?.find(({ key }) => key === open)}
          unusedSince={unused.value?.find(({ key }) => key === open)?.since}
          onOpen={select}
        />
      )}
    </div>
  );
}
