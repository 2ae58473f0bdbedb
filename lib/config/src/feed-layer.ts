import type { Said } from './config.ts';
import type { SourceValue } from './config-source.ts';
import { flatten, isBranch, isEmptyObject } from './config-values.ts';
import type { ConfigFeedEvent, ConfigValue } from './feed.ts';

/** Makes of each event what the store says from then on, as the source named `source`. */
export function createFeedLayer(source: string): (event: ConfigFeedEvent) => Said {
  const given = new Map<string, ConfigValue>();
  /** Keys with an object, which is several paths: while there are any, a key is not a path. The store sends none. */
  const nested = new Set<string>();
  const take = (key: string, value: ConfigValue | undefined): void => {
    if (value === undefined) given.delete(key);
    else given.set(key, value);
    if (value !== undefined && isBranch(value) && !isEmptyObject(value)) nested.add(key);
    else nested.delete(key);
  };
  return (event) => {
    const { revision } = event;
    const wasFlat = nested.size === 0;
    if (event.kind === 'snapshot') {
      given.clear();
      nested.clear();
      for (const [key, value] of Object.entries(event.values)) take(key, value);
      return { revision, values: saidBy(source, given) };
    }
    for (const { key, value } of event.changes) take(key, value);
    if (!wasFlat || nested.size > 0) return { revision, values: saidBy(source, given) };
    const changes = new Map<string, SourceValue | undefined>();
    for (const { key, value } of event.changes) changes.set(key, value === undefined ? value : said(source, value));
    return { revision, changes };
  };
}

/** Values of nested objects, all from one place that has no lines. */
export function saidBy(source: string, values: Iterable<readonly [string, ConfigValue]>): Map<string, SourceValue> {
  return new Map([...flatten(values)].map(([path, value]) => [path, said(source, value)]));
}

function said(source: string, value: ConfigValue): SourceValue {
  return { value, origin: { source } };
}
