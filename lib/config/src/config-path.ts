/**
 * Dotted paths of names. A dot or a backslash in a name has a backslash before it in a path, as C5Store writes it: the
 * names `hosts`, `a.example` are the path `hosts.a\.example`. The empty path is everything.
 */

/** A name as it stands in a path. */
export function escapeName(name: string): string {
  return name.includes('.') || name.includes('\\') ? name.replace(/[.\\]/g, '\\$&') : name;
}

export function joinNames(names: readonly string[]): string {
  return names.map(escapeName).join('.');
}

/** The names of a path; none for the empty one. A backslash before anything else, or at the end, is itself. */
export function namesOf(path: string): readonly string[] {
  if (path === '') return [];
  if (!path.includes('\\')) return path.split('.');
  const names: string[] = [];
  let name = '';
  for (let i = 0; i < path.length; i += 1) {
    const [char = '', next] = [path[i], path[i + 1]];
    if (char === '\\' && (next === '.' || next === '\\')) {
      name += next;
      i += 1;
    } else if (char === '.') {
      names.push(name);
      name = '';
    } else {
      name += char;
    }
  }
  return [...names, name];
}

/** The path above: `a.b` for `a.b.c`, the empty path for `a`. */
export function parentOf(path: string): string {
  for (let at = path.lastIndexOf('.'); at > 0; at = path.lastIndexOf('.', at - 1)) {
    if (!isEscaped(path, at)) return path.slice(0, at);
  }
  return '';
}

/** `name` is escaped already. */
export function childPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** Both may be empty. Neither is escaped: they are paths already. */
export function joinPath(prefix: string, path: string): string {
  return prefix === '' || path === '' ? prefix + path : `${prefix}.${path}`;
}

export function isAtOrUnder(path: string, ancestor: string): boolean {
  return ancestor === '' || path === ancestor || path.startsWith(`${ancestor}.`);
}

/** `a` and `a.b` for `a.b.c`. */
export function ancestorsOf(path: string): string[] {
  const ancestors: string[] = [];
  for (let above = parentOf(path); above !== ''; above = parentOf(above)) ancestors.unshift(above);
  return ancestors;
}

/** An odd number of backslashes stands before it. */
function isEscaped(path: string, at: number): boolean {
  let count = 0;
  while (path[at - 1 - count] === '\\') count += 1;
  return count % 2 === 1;
}
