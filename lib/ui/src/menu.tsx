import type { JSX } from 'preact';
import { useId, useRef } from 'preact/hooks';
import { Icon } from './icon.tsx';

export type MenuItem = {
  readonly label: string;
  /** Says more in small type. */
  readonly hint?: string | undefined;
  readonly isDangerous?: boolean | undefined;
  readonly isDisabled?: boolean | undefined;
  readonly run: () => void;
};

/** A button that opens a list of actions. Arrow keys move, Escape and a click outside close; the browser returns the focus. */
export function Menu({ label, items }: { readonly label: string; readonly items: readonly MenuItem[] }): JSX.Element {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);

  const onToggle = (event: Pick<ToggleEvent, 'newState'>): void => {
    if (event.newState !== 'open' || list.current === null || button.current === null) return;
    placeBelow(list.current, button.current);
    list.current.querySelector<HTMLElement>('[role=menuitem]:not(:disabled)')?.focus();
  };
  const pick = (item: MenuItem): void => {
    list.current?.hidePopover();
    item.run();
  };
  return (
    <>
      <button ref={button} type="button" class="icon-button" aria-label={label} aria-haspopup="menu" popovertarget={id}>
        <Icon name="more" />
      </button>
      <div
        ref={list}
        id={id}
        class="menu"
        role="menu"
        tabIndex={-1}
        aria-label={label}
        popover="auto"
        onToggle={onToggle}
        onKeyDown={moveFocus}
      >
        {items.map((item) => (
          <button
            key={item.label}
            type="button"
            role="menuitem"
            tabIndex={-1}
            class={item.isDangerous === true ? 'menu-item is-dangerous' : 'menu-item'}
            disabled={item.isDisabled}
            onClick={() => pick(item)}
          >
            {item.label}
            {item.hint !== undefined && <small>{item.hint}</small>}
          </button>
        ))}
      </div>
    </>
  );
}

const GAP = 4;
const EDGE = 8;

/** Puts an open popover under its button, or above it where there is no room, inside the window. */
function placeBelow(popover: HTMLElement, button: HTMLElement): void {
  const anchor = button.getBoundingClientRect();
  const { width, height } = popover.getBoundingClientRect();
  const below = anchor.bottom + GAP;
  const top = below + height + EDGE > innerHeight ? anchor.top - GAP - height : below;
  popover.style.top = `${Math.max(EDGE, top)}px`;
  popover.style.left = `${Math.max(EDGE, Math.min(anchor.right - width, innerWidth - width - EDGE))}px`;
}

/** Arrow keys, Home and End move among the items of a menu. */
function moveFocus(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[role=menuitem]:not(:disabled)')];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  items.at(to % items.length)?.focus();
}
