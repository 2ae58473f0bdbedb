import type { Said } from './config.ts';
import type { SourceValue } from './config-source.ts';
import { flatten, isBranch } from './config-values.ts';
import type { ConfigFeedEvent, ConfigValue } from './feed.ts';

/** Makes of each event what the store says from then on, as the source named `source`. */
export function createFeedLayer(source: string): (event: ConfigFeedEvent) => Said {
  let given = new Map<string, ConfigValue>();
  return (event) => {
    const { revision } = event;
    const isNested = (key: string): boolean => isBranch(given.get(key) ?? null);
    const wasFlat = event.kind === 'change' && !event.changes.some(({ key }) => isNested(key));
    if (event.kind === 'snapshot') given = new Map(Object.entries(event.values));
    else for (const { key, value } of event.changes) setOrDelete(given, key, value);
    if (event.kind === 'change' && wasFlat && !event.changes.some(({ key }) => isNested(key))) {
      const values = event.changes.map(
        ({ key, value }) => [key, value === undefined ? value : said(source, value)] as const,
      );
      return { revision, changes: new Map(values) };
    }
    return { revision, values: saidBy(source, given) };
  };
}

/** Values of nested objects, all from one place that has no lines. */
export function saidBy(source: string, values: Iterable<readonly [string, ConfigValue]>): Map<string, SourceValue> {
  return new Map([...flatten(values)].map(([path, value]) => [path, said(source, value)]));
}

function said(source: string, value: ConfigValue): SourceValue {
  return { value, origin: { source } };
}

function setOrDelete(map: Map<string, ConfigValue>, key: string, value: ConfigValue | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
