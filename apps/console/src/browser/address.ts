/** The browser's address and history, joined to the store. */
import { batch } from '@preact/signals';
import type { ConsoleStore } from '../store/console-store.ts';

type AddressStore = Pick<ConsoleStore, 'path' | 'search'>;

/** Follows clicks on links of this site and the back button. Answers the function that goes to a path. */
export function listenToAddress(store: AddressStore): (path: string) => void {
  const read = (): void =>
    batch(() => {
      store.path.value = location.pathname;
      store.search.value = location.search;
    });
  const navigate = (path: string): void => {
    if (path !== `${location.pathname}${location.search}`) history.pushState(null, '', path);
    read();
  };
  addEventListener('popstate', read);
  addEventListener('click', (event) => {
    const path = localPath(event);
    if (path === undefined) return;
    event.preventDefault();
    navigate(path);
  });
  return navigate;
}

/** Where a plain click on a link of this site goes; undefined for every other click, which is the browser's. */
function localPath(event: MouseEvent): string | undefined {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return undefined;
  const link = (event.target as Element | null)?.closest<HTMLAnchorElement>('a[href]');
  if (link === null || link === undefined || link.target !== '' || link.origin !== location.origin) return undefined;
  return link.getAttribute('href')?.startsWith('/') === true ? `${link.pathname}${link.search}` : undefined;
}
