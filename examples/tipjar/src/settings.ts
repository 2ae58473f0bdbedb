/** What can be changed while the server runs. */
import { parseAmount } from './tip.ts';

export type Settings = { readonly title: string; readonly minTipWei: bigint };

/** In force where no configuration says otherwise. */
export const SETTINGS_DEFAULT = { title: 'Tip jar', 'min-tip': 0.001 } as const;

const TITLE_LENGTH_MAX = 80;

/** A configuration that cannot be used; the message says which key and what it takes. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** @throws SettingsError. The caller then keeps what was in force. */
export function parseSettings(get: (key: string) => unknown): Settings {
  const title = get('title');
  if (typeof title !== 'string' || title.trim() === '' || title.length > TITLE_LENGTH_MAX) {
    throw new SettingsError(`title takes text of 1 to ${TITLE_LENGTH_MAX} characters, not ${JSON.stringify(title)}`);
  }
  const minTip = get('min-tip');
  const minTipWei = parseAmount(minTip);
  if (minTipWei === undefined) {
    throw new SettingsError(`min-tip takes an amount in ETH such as 0.001, not ${JSON.stringify(minTip)}`);
  }
  return { title: title.trim(), minTipWei };
}
