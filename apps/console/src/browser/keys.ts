/** Runs the shortcuts of `shortcuts.ts`. */
import { readKey, type PendingKey, type ShortcutAction } from '../shortcuts.ts';
import type { ConsoleStore } from '../store/console-store.ts';
import { nextTheme } from '../store/theme.ts';

export function listenToKeys(store: ConsoleStore, navigate: (path: string) => void): void {
  let pending: PendingKey | undefined;
  addEventListener('keydown', (event) => {
    const outcome = readKey(pending, {
      key: event.key,
      isMod: event.ctrlKey || event.metaKey,
      isAlt: event.altKey,
      isTyping: isField(event.target),
      at: event.timeStamp,
    });
    pending = outcome.pending;
    // A dialog or menu that is open has the keys.
    if (outcome.action === undefined || document.querySelector('dialog[open], [popover]:popover-open') !== null) return;
    event.preventDefault();
    run(outcome.action, store, navigate);
  });
}

function run(action: ShortcutAction, store: ConsoleStore, navigate: (path: string) => void): void {
  switch (action) {
    case 'overview':
      return navigate('/');
    case 'alerts':
    case 'journal':
    case 'services':
    case 'config':
    case 'query':
    case 'host':
      return navigate(`/${action}`);
    case 'palette':
    case 'help':
      store.overlay.value = action;
      return;
    case 'theme':
      store.theme.value = nextTheme(store.theme.value);
      return;
    case 'filter':
      document.querySelector<HTMLElement>('main [data-filter]')?.focus();
  }
}

function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const isChoice = target instanceof HTMLInputElement && ['radio', 'checkbox'].includes(target.type);
  return target.isContentEditable || (!isChoice && target.matches('input, textarea, select'));
}
