/** The streams that keep the store up to date, whatever page is open. */
import { applyDeployEvent } from './applications.ts';
import type { ConsoleApi } from './console-api.ts';
import { addNotice, type ConsoleStore } from './console-store.ts';
import { applyRegistryEvent } from './dictionary.ts';
import { applyEventsChange } from './event-log.ts';
import { follow, type World } from './follow.ts';

export type FeedDependencies = { readonly store: ConsoleStore; readonly api: ConsoleApi; readonly world: World };

/** Runs until `signal` aborts. */
export async function runFeeds({ store, api, world }: FeedDependencies, signal: AbortSignal): Promise<void> {
  const onRefused = (message: string): void => addNotice(store, 'bad', message);
  const common = { onRefused, signal, world };
  await Promise.all([
    follow({
      ...common,
      subscribe: (stop) => api.deploy.watch({}, { signal: stop }),
      onItem: (event) => (store.applications.value = applyDeployEvent(store.applications.value, event)),
    }),
    follow({
      ...common,
      subscribe: (stop) => api.registry.watch({}, { signal: stop }),
      onItem: (event) => (store.dictionary.value = applyRegistryEvent(store.dictionary.value, event)),
    }),
    follow({
      ...common,
      subscribe: (stop) => api.events.watch({}, { signal: stop }),
      onItem: (event) => (store.events.value = applyEventsChange(store.events.value, event)),
    }),
  ]);
}
