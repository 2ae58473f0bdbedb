import { sleep } from '@plumb/base';
import { Dialog, Icon } from '@plumb/ui';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { SHORTCUTS } from '../shortcuts.ts';
import { dropNotice, type Notice } from '../store/console-store.ts';
import { findItems, paletteItems } from '../store/palette.ts';
import { useConsole, useRunning } from './console-context.ts';

/** What lies over every page: the palette, the keys, the notices. */
export function Overlays(): JSX.Element {
  const { store } = useConsole();
  const close = (): void => void (store.overlay.value = undefined);
  return (
    <>
      <Dialog class="palette" title="Find anything" isOpen={store.overlay.value === 'palette'} onClose={close}>
        <Palette onClose={close} />
      </Dialog>
      <Dialog title="Keyboard shortcuts" isOpen={store.overlay.value === 'help'} onClose={close}>
        <dl class="shortcuts">
          {SHORTCUTS.map(({ keys, help }) => (
            <div key={keys}>
              <dt>{help}</dt>
              <dd>
                {keyNames(keys).map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dd>
            </div>
          ))}
        </dl>
      </Dialog>
      <output class="notices">
        {store.notices.value.map((notice) => (
          <NoticeCard key={notice.id} notice={notice} />
        ))}
      </output>
    </>
  );
}

function keyNames(keys: string): string[] {
  const mod = navigator.platform.startsWith('Mac') ? '⌘' : 'Ctrl';
  return keys
    .replace('mod+', `${mod} `)
    .split(' ')
    .map((key) => (key === 'k' ? 'K' : key));
}

const PALETTE_ITEMS = 9;

function Palette({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const { store, navigate } = useConsole();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const found = findItems(paletteItems(store.applications.value), text).slice(0, PALETTE_ITEMS);
  const open = (index: number): void => {
    const item = found[index];
    if (item === undefined) return;
    onClose();
    navigate(item.path);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Enter') open(at);
    if (step === undefined || found.length === 0) return;
    event.preventDefault();
    setAt((at + step + found.length) % found.length);
  };
  const search = (next: string): void => {
    setText(next);
    setAt(0);
  };
  return (
    <>
      <input
        class="input"
        type="text"
        role="combobox"
        aria-label="Find a page or an application"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found.length === 0 ? undefined : `palette-${at}`}
        placeholder="Go to…"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event) => search(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {/* oxlint-disable jsx-a11y/prefer-tag-over-role, jsx-a11y/click-events-have-key-events -- a combobox's list, with links to pages: keys are the field's */}
      <div id="palette-list" class="palette-list" role="listbox" tabIndex={-1} aria-label="Found">
        {found.map((item, index) => (
          <div
            key={item.path}
            id={`palette-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            onClick={() => open(index)}
            onMouseMove={() => setAt(index)}
          >
            {item.label}
            <span class="faint">{item.hint}</span>
          </div>
        ))}
        {found.length === 0 && <p class="faint">Nothing has these letters</p>}
      </div>
      {/* oxlint-enable jsx-a11y/prefer-tag-over-role, jsx-a11y/click-events-have-key-events */}
    </>
  );
}

/** Long enough to read a line; errors stay until they are closed. */
const NOTICE_MS = 5_000;

function NoticeCard({ notice: { id, tone, text } }: { readonly notice: Notice }): JSX.Element {
  const { store, world } = useConsole();
  const close = (): void => dropNotice(store, id);
  useRunning((signal) => (tone === 'bad' ? undefined : sleep(world.clock, NOTICE_MS, signal).then(close)), [id]);
  return (
    <div class={`notice notice-${tone}`}>
      <span class={`tone-${tone}`}>
        <Icon name={tone === 'good' ? 'check' : 'close'} />
      </span>
      <span>{text}</span>
      <button type="button" class="icon-button" aria-label="Close" onClick={close}>
        <Icon name="close" />
      </button>
    </div>
  );
}
