/** `${chains.eth.url}` in a value: what an application may ask of its own components. `$${` writes a plain `${`. */

export type Reference = {
  readonly group: 'chains' | 'processes';
  readonly name: string;
  readonly property: 'url' | 'port';
};

const PLACEHOLDER = /\$\$\{|\$\{([^}]*)\}?/g;

/** `reference` is undefined where the placeholder is not of the known form. */
export type Placeholder = { readonly text: string; readonly reference: Reference | undefined };

/** The placeholders of `text`, in order, escaped ones left out. */
export function findPlaceholders(text: string): Placeholder[] {
  return [...text.matchAll(PLACEHOLDER)]
    .filter(([all]) => all !== '$${')
    .map(([all, inside]) => ({ text: all, reference: all.endsWith('}') ? parseReference(inside ?? '') : undefined }));
}

/** `text` with each placeholder replaced by what `resolve` answers. The manifest's check has seen that each is known. */
export function expandReferences(text: string, resolve: (reference: Reference) => string): string {
  return text.replaceAll(PLACEHOLDER, (all: string, inside: string | undefined) => {
    if (all === '$${') return '${';
    const reference = parseReference(inside ?? '');
    return reference === undefined ? all : resolve(reference);
  });
}

function parseReference(inside: string): Reference | undefined {
  const [, group, name, property] = /^\s*(chains|processes)\.([^.\s]+)\.(url|port)\s*$/.exec(inside) ?? [];
  if (name === undefined) return undefined;
  return { group: group as Reference['group'], name, property: property as Reference['property'] };
}
