/**
 * Who has read which path of one application, and when: pure. Of each hour the first reading is kept, so what is remembered
 * grows with who reads what, not with how often.
 *
 * Bounds: `READERS_MAX` readers a path and `PATHS_MAX` paths; the one unseen longest makes room for another.
 */

/** Exact enough for "who needs this key", and so seldom that a thousand processes write little. */
export const HOUR_MS = 3_600_000;
/** An application has as many keys, and paths above them. */
const PATHS_MAX = 20_000;
/** Instances come and go; the last ones tell who reads. */
const READERS_MAX = 50;

/** The path of all values. */
export const EVERYTHING = '';

export type Reader = {
  readonly instance: string;
  readonly component?: string | undefined;
  readonly release?: string | undefined;
  readonly firstAt: number;
  readonly lastAt: number;
};

/** `readers` are sorted, latest first. */
export type PathReads = { readonly firstAt: number; readonly lastAt: number; readonly readers: readonly Reader[] };

export type ReadReport = Pick<Reader, 'instance' | 'component' | 'release'> & { readonly paths: readonly string[] };

export class ReadLog {
  readonly #paths: Map<string, PathReads>;

  constructor(kept: Iterable<readonly [string, PathReads]> = []) {
    this.#paths = new Map([...kept].sort(([, a], [, b]) => a.lastAt - b.lastAt));
  }

  get(path: string): PathReads | undefined {
    return this.#paths.get(path);
  }

  /** Gives the paths of which there is news to keep; those that were forgotten for them are gone from `get`. */
  note({ paths, ...reader }: ReadReport, at: number): string[] {
    const dirty: string[] = [];
    for (const path of new Set(paths)) {
      const known = this.#paths.get(path);
      const next = withReader(known, reader, at);
      if (next === known) continue;
      // The map is in the order of the last time.
      this.#paths.delete(path);
      this.#paths.set(path, next);
      dirty.push(path);
      if (this.#paths.size > PATHS_MAX) dirty.push(this.#forgetOldest());
    }
    return dirty;
  }

  /** The readings of a key: of itself, of the objects that it is in, and of everything. */
  readingsOf(key: string): { readonly path: string; readonly reads: PathReads }[] {
    return pathsTo(key).flatMap((path) => {
      const reads = this.#paths.get(path);
      return reads === undefined ? [] : [{ path, reads }];
    });
  }

  /** When the key or an object that it is in was last read. Reading everything at once needs no key in particular. */
  lastReadAt(key: string): number | undefined {
    const times = this.readingsOf(key).flatMap(({ path, reads }) => (path === EVERYTHING ? [] : [reads.lastAt]));
    return times.length === 0 ? undefined : Math.max(...times);
  }

  #forgetOldest(): string {
    const oldest = this.#paths.keys().next().value ?? EVERYTHING;
    this.#paths.delete(oldest);
    return oldest;
  }
}

function withReader(
  known: PathReads | undefined,
  reader: Pick<Reader, 'instance' | 'component' | 'release'>,
  at: number,
): PathReads {
  const before = known?.readers.find(({ instance }) => instance === reader.instance);
  if (known !== undefined && before !== undefined && hourOf(before.lastAt) >= hourOf(at)) return known;
  const others = known?.readers.filter((one) => one !== before) ?? [];
  const readers = [{ ...reader, firstAt: before?.firstAt ?? at, lastAt: at }, ...others].slice(0, READERS_MAX);
  return { firstAt: known?.firstAt ?? at, lastAt: Math.max(at, known?.lastAt ?? 0), readers };
}

function hourOf(at: number): number {
  return Math.floor(at / HOUR_MS);
}

/** The key, what it is in from the inside out, and everything. */
function pathsTo(key: string): string[] {
  const names = key.split('.');
  return names.map((_, i) => names.slice(0, names.length - i).join('.')).concat(EVERYTHING);
}
