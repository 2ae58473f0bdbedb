import { createContext } from 'preact';
import { useContext, useEffect, useRef } from 'preact/hooks';
import type { ConsoleApi } from '../store/console-api.ts';
import type { ConsoleStore } from '../store/console-store.ts';
import type { World } from '../store/follow.ts';

/** What every view may use. */
export type Console = {
  readonly store: ConsoleStore;
  readonly api: ConsoleApi;
  readonly world: World;
  readonly navigate: (path: string) => void;
};

export const ConsoleContext = createContext<Console | undefined>(undefined);

export function useConsole(): Console {
  const context = useContext(ConsoleContext);
  if (context === undefined) throw new Error('must hold: a view is inside ConsoleContext');
  return context;
}

/** Runs `run` while the view is there; its signal aborts when the view goes or one of `inputs` changes. */
export function useRunning(
  run: (signal: AbortSignal) => Promise<unknown> | undefined,
  inputs: readonly unknown[],
): void {
  useEffect(() => {
    const stop = new AbortController();
    void run(stop.signal);
    return () => stop.abort();
  }, inputs);
}

/** Runs `onEscape` for the Escape key while the view is there; the innermost view that asks has it, and an open dialog before all. */
export function useEscape(onEscape: () => void): void {
  const latest = useRef(onEscape);
  latest.current = onEscape;
  useEffect(() => {
    escapes.push(latest);
    if (escapes.length === 1) addEventListener('keydown', runEscape);
    return () => {
      escapes.splice(escapes.indexOf(latest), 1);
      if (escapes.length === 0) removeEventListener('keydown', runEscape);
    };
  }, []);
}

const escapes: { readonly current: () => void }[] = [];

function runEscape(event: KeyboardEvent): void {
  if (event.key !== 'Escape' || event.defaultPrevented || document.querySelector('dialog[open]') !== null) return;
  escapes.at(-1)?.current();
}
