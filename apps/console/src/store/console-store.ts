/** The console's only mutable state: feeds and actions replace its values, views read them. */
import { type Signal, signal } from '@preact/signals';
import type { Applications } from './applications.ts';
import type { GraphWindow } from './board-view.ts';
import type { Dictionary } from './dictionary.ts';
import type { EventLog } from './event-log.ts';
import type { Theme } from './theme.ts';

/** `lost`: was live, is trying again, and what is shown is of before. `signed-out`: the session is gone. */
export type ConnectionState = 'connecting' | 'live' | 'lost' | 'signed-out';

/** A short message that goes by itself. `tone` `bad` stays until it is closed. */
export type Notice = { readonly id: number; readonly tone: 'good' | 'bad'; readonly text: string };

/** Undefined values are those that have not arrived yet: views show a skeleton. */
export type ConsoleStore = {
  readonly connection: Signal<ConnectionState>;
  /** Path and search of the address. */
  readonly path: Signal<string>;
  readonly search: Signal<string>;
  /** Epoch ms, moved every second, so that ages are read from one clock. */
  readonly now: Signal<number>;
  readonly theme: Signal<Theme>;
  readonly graphWindow: Signal<GraphWindow>;
  /** What lies over the page. */
  readonly overlay: Signal<'palette' | 'help' | undefined>;
  readonly me: Signal<string | undefined>;
  readonly applications: Signal<Applications | undefined>;
  readonly dictionary: Signal<Dictionary | undefined>;
  readonly events: Signal<EventLog | undefined>;
  readonly notices: Signal<readonly Notice[]>;
};

export type InitialState = {
  readonly path: string;
  readonly search: string;
  readonly now: number;
  readonly theme: Theme;
  readonly graphWindow: GraphWindow;
};

export function createConsoleStore(initial: InitialState): ConsoleStore {
  return {
    connection: signal<ConnectionState>('connecting'),
    path: signal(initial.path),
    search: signal(initial.search),
    now: signal(initial.now),
    theme: signal(initial.theme),
    graphWindow: signal(initial.graphWindow),
    overlay: signal<'palette' | 'help' | undefined>(undefined),
    me: signal<string | undefined>(undefined),
    applications: signal<Applications | undefined>(undefined),
    dictionary: signal<Dictionary | undefined>(undefined),
    events: signal<EventLog | undefined>(undefined),
    notices: signal<readonly Notice[]>([]),
  };
}

/** Notices on the screen at once; the oldest goes first. */
const NOTICES_MAX = 4;

export function addNotice(store: Pick<ConsoleStore, 'notices'>, tone: Notice['tone'], text: string): void {
  const known = store.notices.value;
  store.notices.value = [...known, { id: (known.at(-1)?.id ?? 0) + 1, tone, text }].slice(-NOTICES_MAX);
}

export function dropNotice(store: Pick<ConsoleStore, 'notices'>, id: number): void {
  store.notices.value = store.notices.value.filter((notice) => notice.id !== id);
}
