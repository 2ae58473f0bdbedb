/** Those of `all` that `text` names, separated by commas; all where it is left out. @throws Error for other names. */
export function chosen<T extends string>(text: string | undefined, all: readonly T[]): readonly T[] {
  if (text === undefined) return all;
  const names = text.split(',');
  const unknown = names.filter((name) => !(all as readonly string[]).includes(name));
  if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', ')}: choose of ${all.join(', ')}`);
  return all.filter((name) => names.includes(name));
}
