import { OperatingError } from '@plumb/base';
import { PREFIXES_MAX, TOPIC_LENGTH_MAX } from './publish-limits.ts';

/** Which topics a subscription is about. Equal filters have equal keys. */
export type TopicFilter = { readonly key: string; readonly matches: (topic: string) => boolean };

/** @throws OperatingError `invalid` for no prefix, too many, or one that is longer than any topic. */
export function createTopicFilter(prefixes: readonly string[]): TopicFilter {
  if (prefixes.length === 0 || prefixes.length > PREFIXES_MAX) {
    throw new OperatingError('invalid', `there were ${prefixes.length} prefixes: give 1 to ${PREFIXES_MAX}`);
  }
  const long = prefixes.find(({ length }) => length > TOPIC_LENGTH_MAX);
  if (long !== undefined) {
    throw new OperatingError(
      'invalid',
      `a prefix has ${long.length} characters: topics have at most ${TOPIC_LENGTH_MAX}`,
    );
  }
  const needed = withoutCovered(prefixes);
  const key = JSON.stringify(needed);
  const [first = ''] = needed;
  if (first === '') return { key, matches: () => true };
  if (needed.length === 1) return { key, matches: (topic) => topic.startsWith(first) };
  return { key, matches: (topic) => needed.some((prefix) => topic.startsWith(prefix)) };
}

/** Sorted, so that whatever a prefix covers follows it. */
function withoutCovered(prefixes: readonly string[]): readonly string[] {
  const needed: string[] = [];
  for (const prefix of prefixes.toSorted()) {
    const last = needed.at(-1);
    if (last === undefined || !prefix.startsWith(last)) needed.push(prefix);
  }
  return needed;
}
