/** Which page a path means. The server answers `index.html` for every path without a dot, so each is a real address. */
export type ApplicationTab = (typeof APPLICATION_TABS)[number];
export type Route =
  | { readonly kind: 'overview' | 'alerts' | 'journal' | 'services' | 'query' | 'host' }
  | { readonly kind: 'application'; readonly name: string; readonly tab: ApplicationTab }
  | { readonly kind: 'config'; readonly name: string | undefined; readonly tab: ConfigTab }
  | { readonly kind: 'not-found'; readonly path: string };

export const APPLICATION_TABS = ['graphs', 'config', 'log', 'journal'] as const;
/** Parts of an application's configuration. */
export const CONFIG_TABS = ['values', 'changes', 'compare', 'instances'] as const;
export type ConfigTab = (typeof CONFIG_TABS)[number];

const PLAIN_PAGES = ['alerts', 'journal', 'services', 'query', 'host'] as const;

export function parsePath(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '');
  const [first, name, tab = 'graphs', ...rest] = parts;
  if (first === undefined) return { kind: 'overview' };
  const page = PLAIN_PAGES.find((kind) => kind === first);
  if (page !== undefined && parts.length === 1) return { kind: page };
  const known = APPLICATION_TABS.find((kind) => kind === tab);
  if (first === 'apps' && name !== undefined && known !== undefined && rest.length === 0) {
    return { kind: 'application', name, tab: known };
  }
  if (first === 'config' && rest.length === 0) {
    const part = CONFIG_TABS.find((kind) => kind === (parts[2] ?? 'values'));
    if (part !== undefined) return { kind: 'config', name, tab: part };
  }
  return { kind: 'not-found', path };
}

export function configPath(name: string, tab: ConfigTab = 'values'): string {
  return tab === 'values' ? `/config/${name}` : `/config/${name}/${tab}`;
}

export function applicationPath(name: string, tab: ApplicationTab = 'graphs'): string {
  return tab === 'graphs' ? `/apps/${name}` : `/apps/${name}/${tab}`;
}

/** For the window's title and for screen readers, which hear it when the page changes. */
export function routeTitle(route: Route): string {
  switch (route.kind) {
    case 'application':
      return route.name;
    case 'config':
      return route.name === undefined ? 'Configuration' : `Configuration of ${route.name}`;
    case 'not-found':
      return 'Not found';
    case 'overview':
    case 'alerts':
    case 'journal':
    case 'services':
    case 'query':
    case 'host':
      return route.kind[0]?.toUpperCase() + route.kind.slice(1);
  }
}
