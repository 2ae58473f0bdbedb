import { isSealedValue } from '@plumb/config/feed';
import type { ConfigEntry } from '@plumb/config-store';
import { Icon } from '@plumb/ui';
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type RowWindow, rowWindow, shortValue } from '../store/config-list.ts';
import { layerWord } from '../store/config-place.ts';
import { typeName } from '../store/config-value.ts';

export type ConfigKeyListProps = {
  readonly entries: readonly ConfigEntry[];
  readonly open: string | undefined;
  readonly unused: ReadonlySet<string>;
  /** How many there are, for those who do not see it. */
  readonly label: string;
  readonly onOpen: (key: string | undefined) => void;
};

/** As `.config-key` in the style sheet: rows of one height, so that those out of sight need not be drawn. */
const ROW_HEIGHT_PX = 36;

/** Keys with their values on one line each. Arrows move, Enter opens, Escape closes what is open. */
export function ConfigKeyList({ entries, open, unused, label, onOpen }: ConfigKeyListProps): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const { from, to } = useRowWindow(list, entries.length);
  const [active, setActive] = useState(0);
  const at = Math.min(active, entries.length - 1);
  useEffect(() => {
    const index = entries.findIndex(({ key }) => key === open);
    if (index >= 0) setActive(index);
  }, [open]);

  const move = (index: number): void => {
    const next = Math.max(0, Math.min(entries.length - 1, index));
    setActive(next);
    showRow(list.current, next);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15 };
    const step = steps[event.key];
    if (step !== undefined) move(at + step);
    else if (event.key === 'Home') move(0);
    else if (event.key === 'End') move(entries.length - 1);
    else if (event.key === 'Enter') onOpen(entries[at]?.key);
    else if (event.key === 'Escape') onOpen(undefined);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <output class="visually-hidden">{label}</output>
      {/* oxlint-disable jsx-a11y/prefer-tag-over-role, jsx-a11y/click-events-have-key-events -- a list of thousands: its keys are those of the box */}
      <div
        ref={list}
        class="config-keys"
        role="listbox"
        tabIndex={0}
        aria-label="Keys"
        aria-activedescendant={entries[at] === undefined ? undefined : `key-${entries[at].key}`}
        style={{ paddingTop: from * ROW_HEIGHT_PX, paddingBottom: (entries.length - to) * ROW_HEIGHT_PX }}
        onKeyDown={onKeyDown}
      >
        {entries.slice(from, to).map((entry, index) => (
          <div
            key={entry.key}
            id={`key-${entry.key}`}
            class={from + index === at ? 'config-key is-active' : 'config-key'}
            role="option"
            tabIndex={-1}
            aria-selected={entry.key === open}
            aria-setsize={entries.length}
            aria-posinset={from + index + 1}
            onClick={() => {
              setActive(from + index);
              onOpen(entry.key);
            }}
          >
            <KeyLine entry={entry} isUnused={unused.has(entry.key)} />
          </div>
        ))}
      </div>
      {/* oxlint-enable jsx-a11y/prefer-tag-over-role, jsx-a11y/click-events-have-key-events */}
    </>
  );
}

function KeyLine({ entry, isUnused }: { readonly entry: ConfigEntry; readonly isUnused: boolean }): JSX.Element {
  const dot = entry.key.lastIndexOf('.') + 1;
  const isSecret = isSealedValue(entry.value);
  return (
    <>
      <code class="config-key-name">
        <span class="faint">{entry.key.slice(0, dot)}</span>
        {entry.key.slice(dot)}
      </code>
      <span class={`value ${isSecret ? 'value-secret' : `value-${typeName(entry.value)}`}`}>
        {isSecret && <Icon name="lock" />}
        {shortValue(entry.value)}
      </span>
      <span class="config-key-tags">
        {isUnused && <span class="tag">unused</span>}
        {entry.layer !== 'manifest' && <span class="tag is-accent">{layerWord(entry.layer)}</span>}
      </span>
    </>
  );
}

/** Which rows of the list are in sight of the window. */
function useRowWindow(list: { readonly current: HTMLElement | null }, count: number): RowWindow {
  const [shown, setShown] = useState<RowWindow>(() => rowWindow(count, ROW_HEIGHT_PX, 0, innerHeight));
  useLayoutEffect(() => {
    const measure = (): void => {
      const top = -(list.current?.getBoundingClientRect().top ?? 0);
      const next = rowWindow(count, ROW_HEIGHT_PX, top, innerHeight);
      setShown((known) => (known.from === next.from && known.to === next.to ? known : next));
    };
    measure();
    addEventListener('scroll', measure, { passive: true });
    addEventListener('resize', measure);
    return () => {
      removeEventListener('scroll', measure);
      removeEventListener('resize', measure);
    };
  }, [count]);
  return { from: Math.min(shown.from, count), to: Math.min(shown.to, count) };
}

/** Scrolls the window so far that the row is in sight. */
function showRow(list: HTMLElement | null, index: number): void {
  if (list === null) return;
  const top = list.getBoundingClientRect().top + index * ROW_HEIGHT_PX;
  if (top < 0) scrollBy(0, top - ROW_HEIGHT_PX);
  else if (top + ROW_HEIGHT_PX > innerHeight) scrollBy(0, top + 2 * ROW_HEIGHT_PX - innerHeight);
}
