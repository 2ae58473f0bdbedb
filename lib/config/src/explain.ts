import { formatOrigin, type Origin } from './config-source.ts';
import { isEmptyObject, isOpaque } from './config-values.ts';
import { type ConfigValue, isSealedValue } from './feed.ts';
import type { LayeredValues, Spoken } from './layered-values.ts';

/** Why a path has its value: everybody who speaks of it, of a path above it or of one below it. */
export type Explanation = {
  readonly path: string;
  /** From above; of one path from the lowest source to the one that wins. */
  readonly statements: readonly Explained[];
};

export type Explained = {
  readonly path: string;
  /** The name of the source. */
  readonly source: string;
  /** `[secret]` for what is sealed. */
  readonly value: ConfigValue;
  readonly origin: Origin;
  readonly isInForce: boolean;
  /** What it wins over, or what wins over it. */
  readonly why: string;
};

const HIDDEN = '[secret]';

/** Costs what is said around `path`. */
export function explain(path: string, values: LayeredValues): Explanation {
  const around = values.spokenAround(path);
  const isInForce = (one: Spoken): boolean => {
    const entry = values.inForce.get(one.path);
    return entry?.kind === 'leaf' && entry.said === one.said;
  };
  return {
    path,
    statements: around.flatMap((one) => [
      ...hiddenBy(one),
      {
        path: one.path,
        source: one.said.origin.source,
        value: withoutSecrets(one.said.value),
        origin: one.said.origin,
        isInForce: isInForce(one),
        why: isInForce(one) ? whyIn(one, values) : whyOut(one, values),
      },
    ]),
  };
}

/** What a source of several parts says and overrules itself. */
function hiddenBy({ path: winner, said: { origin: winning, hides = [] } }: Spoken): Explained[] {
  return hides.map(({ path, value, origin }) => {
    const where = path === winner ? formatOrigin(winning) : `"${winner}" of ${formatOrigin(winning)}`;
    const why = `${where} comes later`;
    return { path, source: origin.source, value: withoutSecrets(value), origin, isInForce: false, why };
  });
}

/** The statement of an explanation as a line: `title = "Tips"   config/common.yaml:1:1   (wins over …)`. */
export function formatExplained({ path, value, origin, isInForce, why }: Explained): string {
  return `${isInForce ? '*' : ' '} ${path} = ${JSON.stringify(value)}   ${formatOrigin(origin)}   (${why})`;
}

function whyIn(one: Spoken, values: LayeredValues): string {
  const beaten = values.spokenAround(one.path).filter((other) => other.said !== one.said && other.index <= one.index);
  const nearest = beaten.reduce<Spoken | undefined>((best, next) => (isLater(next, best) ? next : best), undefined);
  return nearest === undefined ? 'nobody else speaks of it' : `wins over ${describe(nearest, one)}`;
}

function whyOut(one: Spoken, values: LayeredValues): string {
  const isEmpty = isEmptyObject(one.said.value);
  const around = values.spokenAround(one.path).filter((other) => other.said !== one.said);
  const winners = around.filter((other) => {
    if (other.path === one.path) return other.index > one.index;
    const isBelow = other.path.length > one.path.length;
    if (isBelow) return isEmpty || other.index >= one.index;
    return other.index > one.index && !isEmptyObject(other.said.value);
  });
  const last = winners.reduce<Spoken | undefined>((best, next) => (isLater(next, best) ? next : best), undefined);
  // Every statement that is not in force has one that hides it.
  if (last === undefined) return 'not in force';
  return last.index > one.index
    ? `${describe(last, one)} comes later`
    : `gives way to what is below it, ${describe(last, one)}`;
}

function isLater(one: Spoken, other: Spoken | undefined): boolean {
  return other === undefined || one.index > other.index;
}

/** Where `other` stands, and its path where that is not the path of `one`. */
function describe(other: Spoken, one: Spoken): string {
  const origin = formatOrigin(other.said.origin);
  return other.path === one.path ? origin : `"${other.path}" of ${origin}`;
}

/** The value with everything sealed in it hidden. */
export function withoutSecrets(value: ConfigValue): ConfigValue {
  if (typeof value !== 'object' || value === null) return value;
  if (isSealedValue(value) || isOpaque(value)) return HIDDEN;
  if (Array.isArray(value)) return value.map(withoutSecrets);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutSecrets(inner)]));
}
