/** Which series of the head have which label value: what makes a selector cost what it matches, not what exists. */
import type { HeadSeries } from './head-series.ts';
import { type CompiledMatcher, matchesAll } from './matcher.ts';

export class LabelIndex {
  #all: HeadSeries[] = [];
  readonly #postings = new Map<string, Map<string, HeadSeries[]>>();

  add(series: HeadSeries): void {
    this.#all.push(series);
    for (const name in series.labels) {
      const value = series.labels[name] as string;
      const values = getOrAdd(this.#postings, name, () => new Map<string, HeadSeries[]>());
      const members = values.get(value);
      if (members === undefined) values.set(value, [series]);
      else members.push(series);
    }
  }

  /** Costs what the lists that the series are in hold, so it is for many at once. */
  delete(gone: ReadonlySet<HeadSeries>): void {
    if (gone.size === 0) return;
    this.#all = this.#all.filter((series) => !gone.has(series));
    const touched = new Map<string, Set<string>>();
    for (const { labels } of gone)
      for (const [name, value] of Object.entries(labels)) getOrAdd(touched, name, () => new Set<string>()).add(value);
    for (const [name, goneValues] of touched) {
      const values = this.#postings.get(name);
      for (const value of goneValues) {
        const left = values?.get(value)?.filter((series) => !gone.has(series)) ?? [];
        if (left.length > 0) values?.set(value, left);
        else values?.delete(value);
      }
      if (values?.size === 0) this.#postings.delete(name);
    }
  }

  /** Series that all matchers accept: those of the rarest value list, tested one by one. */
  find(matchers: readonly CompiledMatcher[]): HeadSeries[] {
    let candidates: readonly (readonly HeadSeries[])[] = [this.#all];
    for (const matcher of matchers) {
      if (matcher.matchesEmpty) continue;
      const lists = this.#listsOf(matcher);
      if (totalSize(lists) < totalSize(candidates)) candidates = lists;
    }
    return candidates.flatMap((list) => list.filter(({ labels }) => matchesAll(matchers, labels)));
  }

  #listsOf({ name, values, test }: CompiledMatcher): (readonly HeadSeries[])[] {
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

function totalSize(lists: readonly (readonly HeadSeries[])[]): number {
  return lists.reduce((sum, { length }) => sum + length, 0);
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const added = make();
  map.set(key, added);
  return added;
}
