/** What is odd about a value that is being set: stored it is anyway, since a program may well want it. */
import { nearestWord } from '@plumb/base';
import type { ConfigEntry } from '@plumb/config-store';
import { notifyKeys } from '@plumb/events';

export type ConfigFacts = {
  readonly application: string;
  readonly key: string;
  readonly value: unknown;
  /** The application's values before this one was set. */
  readonly entries: readonly ConfigEntry[];
  readonly isDeployed: boolean;
};

/** One line for a person, or undefined where nothing is odd. */
export function configAdvice({ application, key, value, entries, isDeployed }: ConfigFacts): string | undefined {
  if (application === 'plumb') {
    const known: readonly string[] = notifyKeys;
    return known.includes(key) ? undefined : `Plumb does not read ${key}: ${hint(application, key, known)}`;
  }
  if (!isDeployed) return `no application "${application}" is deployed: the value waits for one`;
  const before = entries.find((entry) => entry.key === key);
  if (before === undefined) {
    const near = nearestWord(
      key,
      entries.map((entry) => entry.key),
    );
    return near === undefined ? undefined : `${application} had no ${key} so far: ${hint(application, key, [near])}`;
  }
  const usual = before.manifestValue ?? before.value;
  if (kindOf(usual) === kindOf(value)) return undefined;
  return `${application}.${key} was ${kindOf(usual)}, ${JSON.stringify(usual)}: see with "plumb logs ${application}" whether ${kindOf(value)} is taken`;
}

function hint(application: string, key: string, known: readonly string[]): string {
  const near = nearestWord(key, known);
  const undo = `"plumb config unset ${application}.${key}" takes it back`;
  return near === undefined ? `it reads ${known.join(', ')}; ${undo}` : `did you mean ${application}.${near}? ${undo}`;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  const kinds: Readonly<Record<string, string>> = { string: 'text', number: 'a number', boolean: 'true or false' };
  return kinds[typeof value] ?? 'nothing';
}
