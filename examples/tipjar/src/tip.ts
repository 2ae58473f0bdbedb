/** A tip, and the check of what somebody asks to leave. Amounts are wei as bigint; at the edges they are text in ETH. */
import { formatEther, parseEther } from 'viem';

export type Tip = {
  readonly from: string;
  readonly name: string;
  readonly message: string;
  readonly amountWei: bigint;
  /** Epoch ms of its block. */
  readonly at: number;
  readonly transaction: string;
};

export type TipRequest = { readonly name: string; readonly message: string; readonly amountWei: bigint };

export type TipField = 'amount' | 'name' | 'message';
export type TipFaults = Readonly<Partial<Record<TipField, string>>>;

export type TipCheck =
  | { readonly kind: 'valid'; readonly request: TipRequest }
  | { readonly kind: 'invalid'; readonly faults: TipFaults };

/** The contract's own bounds, in bytes of UTF-8. */
export const NAME_SIZE_BYTES_MAX = 64;
export const MESSAGE_SIZE_BYTES_MAX = 280;
/** A development account starts with 10,000 ETH: no tip may empty it. */
export const TIP_WEI_MAX = parseEther('100');

const NAME_DEFAULT = 'Anonymous';
const CONTROL_CHARACTERS = /\p{Cc}/u;

/** Checks outside input: fields of a form, or of a JSON body. Each fault is a sentence that says what to write. */
export function checkTip(input: Readonly<Record<string, unknown>>, minTipWei: bigint): TipCheck {
  const name = text(input['name']) || NAME_DEFAULT;
  const message = text(input['message']);
  const amountWei = parseAmount(input['amount']);
  const faults = {
    ...faultOf('name', textFault('name', input['name'], name, NAME_SIZE_BYTES_MAX)),
    ...faultOf('message', textFault('message', input['message'], message, MESSAGE_SIZE_BYTES_MAX)),
    ...faultOf('amount', amountFault(amountWei, minTipWei)),
  };
  if (amountWei === undefined || Object.keys(faults).length > 0) return { kind: 'invalid', faults };
  return { kind: 'valid', request: { name, message, amountWei } };
}

/** Wei of a decimal amount in ETH such as `0.05`; undefined for anything else. */
export function parseAmount(value: unknown): bigint | undefined {
  const amount = typeof value === 'number' ? String(value) : text(value);
  return /^\d{1,9}(\.\d{1,18})?$/.test(amount) ? parseEther(amount) : undefined;
}

/** ETH to read in a column: two to six decimals, so `0.05`, `1.00`, `0.001234`. */
export function formatAmount(wei: bigint): string {
  if (wei > 0n && wei < 10n ** 12n) return '<0.000001';
  const [whole = '0', decimals = ''] = formatEther(wei).split('.');
  const shown = decimals.slice(0, 6).replace(/0+$/, '').padEnd(2, '0');
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${shown}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.trim().replace(/\s+/gu, ' ').normalize('NFC') : '';
}

function textFault(label: TipField, given: unknown, value: string, sizeBytesMax: number): string | undefined {
  if (given !== undefined && typeof given !== 'string') return `Write the ${label} as text.`;
  if (CONTROL_CHARACTERS.test(value)) return `The ${label} has a character that cannot be shown: write it again.`;
  const sizeBytes = new TextEncoder().encode(value).length;
  if (sizeBytes <= sizeBytesMax) return undefined;
  return `The ${label} is ${sizeBytes - sizeBytesMax} bytes too long: at most ${sizeBytesMax} fit, and an emoji takes 4.`;
}

function amountFault(amountWei: bigint | undefined, minTipWei: bigint): string | undefined {
  if (amountWei === undefined) return 'Write the amount in ETH as a number, such as 0.05.';
  if (amountWei === 0n) return 'The amount is zero: leave a little more.';
  if (amountWei < minTipWei) return `The smallest tip is ${formatEther(minTipWei)} ETH.`;
  if (amountWei > TIP_WEI_MAX) return `The largest tip is ${formatEther(TIP_WEI_MAX)} ETH.`;
  return undefined;
}

function faultOf(field: TipField, fault: string | undefined): TipFaults {
  return fault === undefined ? {} : { [field]: fault };
}
