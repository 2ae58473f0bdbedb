/** Keys as a sequence: `g o` is `g`, then `o` within a second. Pure: the page feeds it keys and runs what it names. */
export const SHORTCUTS = [
  { keys: 'g o', action: 'overview', help: 'Go to the overview' },
  { keys: 'g a', action: 'alerts', help: 'Go to alerts' },
  { keys: 'g j', action: 'journal', help: 'Go to the journal' },
  { keys: 'g s', action: 'services', help: 'Go to services' },
  { keys: 'g c', action: 'config', help: 'Go to configuration' },
  { keys: 'g q', action: 'query', help: 'Go to query' },
  { keys: 'g h', action: 'host', help: 'Go to the host' },
  { keys: 'mod+k', action: 'palette', help: 'Find anything' },
  { keys: '/', action: 'filter', help: 'Filter what is on the page' },
  { keys: 't', action: 'theme', help: 'Change the theme: system, light, dark' },
  { keys: '?', action: 'help', help: 'Show these keys' },
] as const;

export type ShortcutAction = (typeof SHORTCUTS)[number]['action'];

/** The first key of a sequence and when it was pressed. */
export type PendingKey = { readonly key: string; readonly at: number };

/** How long the second key of a sequence may take. */
export const SEQUENCE_MS_MAX = 1_000;

export type KeyPress = {
  readonly key: string;
  /** Ctrl or Cmd. */
  readonly isMod: boolean;
  readonly isAlt: boolean;
  /** A field has the focus: only keys with Ctrl or Cmd are shortcuts there. */
  readonly isTyping: boolean;
  readonly at: number;
};

export type KeyOutcome = { readonly action?: ShortcutAction; readonly pending?: PendingKey };

export function readKey(pending: PendingKey | undefined, { key, isMod, isAlt, isTyping, at }: KeyPress): KeyOutcome {
  if (isAlt || (isTyping && !isMod)) return {};
  const isInTime = pending !== undefined && at - pending.at <= SEQUENCE_MS_MAX;
  const pressed = isMod ? `mod+${key.toLowerCase()}` : isInTime ? `${pending.key} ${key}` : key;
  const shortcut = SHORTCUTS.find(({ keys }) => keys === pressed);
  if (shortcut !== undefined) return { action: shortcut.action };
  const startsSequence = !isMod && SHORTCUTS.some(({ keys }) => keys.startsWith(`${key} `));
  return startsSequence ? { pending: { key, at } } : {};
}
