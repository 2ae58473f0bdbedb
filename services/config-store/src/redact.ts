import { type ConfigValue, isSealedValue } from '@plumb/config/feed';

/** Whether a reader may be sent what is sealed to a recipient. */
export type MayOpen = (recipient: string) => boolean;

/** What a reader gets of a secret that is not for it: that there is one. */
const WITHHELD = Object.freeze({ $sealed: '', to: [] }) satisfies ConfigValue;

/** The value as a reader may have it. */
export function redact(value: ConfigValue, mayOpen: MayOpen): ConfigValue {
  return isSealedValue(value) && !value.to.some(mayOpen) ? WITHHELD : value;
}

/** The fields of an entry or a change that hold values, each as a reader may have it. */
export function redactFields<T extends object>(record: T, fields: readonly (keyof T)[], mayOpen: MayOpen): T {
  const hidden = fields.flatMap((field) => {
    const value = record[field] as ConfigValue | undefined;
    return value === undefined ? [] : [[field, redact(value, mayOpen)] as const];
  });
  return { ...record, ...Object.fromEntries(hidden) };
}
