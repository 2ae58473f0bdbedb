/** Which series of the head have which label value: what makes a selector cost what it matches, not what exists. */
import type { HeadSeries } from './head-series.ts';
import { sortedLabels } from './labels.ts';
import { type CompiledMatcher, matchesAll } from './matcher.ts';

export class LabelIndex {
  readonly #all = new Set<HeadSeries>();
  readonly #postings = new Map<string, Map<string, Set<HeadSeries>>>();

  add(series: HeadSeries): void {
    this.#all.add(series);
    for (const [name, value] of sortedLabels(series.labels)) {
      const values = getOrAdd(this.#postings, name, () => new Map<string, Set<HeadSeries>>());
      getOrAdd(values, value, () => new Set<HeadSeries>()).add(series);
    }
  }

  delete(series: HeadSeries): void {
    this.#all.delete(series);
    for (const [name, value] of sortedLabels(series.labels)) {
      const values = this.#postings.get(name);
      const members = values?.get(value);
      members?.delete(series);
      if (members?.size === 0) values?.delete(value);
      if (values?.size === 0) this.#postings.delete(name);
    }
  }

  /** Series that all matchers accept: those of the rarest value list, tested one by one. */
  find(matchers: readonly CompiledMatcher[]): HeadSeries[] {
    let candidates: readonly ReadonlySet<HeadSeries>[] = [this.#all];
    for (const matcher of matchers) {
      if (matcher.matchesEmpty) continue;
      const lists = this.#listsOf(matcher);
      if (totalSize(lists) < totalSize(candidates)) candidates = lists;
    }
    return candidates.flatMap((list) => [...list].filter(({ labels }) => matchesAll(matchers, labels)));
  }

  #listsOf({ name, values, test }: CompiledMatcher): ReadonlySet<HeadSeries>[] {
    const known = this.#postings.get(name);
    if (known === undefined) return [];
    if (values !== undefined) {
      return [...new Set(values)].flatMap((value) => {
        const members = value === '' ? undefined : known.get(value);
        return members === undefined ? [] : [members];
      });
    }
    return [...known].filter(([value]) => test(value)).map(([, members]) => members);
  }
}

function totalSize(lists: readonly ReadonlySet<HeadSeries>[]): number {
  return lists.reduce((sum, { size }) => sum + size, 0);
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const added = make();
  map.set(key, added);
  return added;
}
