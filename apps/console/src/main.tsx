/** Puts the console together: store, connection, feeds, address, keys; then draws. */
import { systemClock, systemRandom } from '@plumb/base';
import { openWebSocketChannel } from '@plumb/rpc';
import '@plumb/ui/ui.css';
import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './app.tsx';
import { listenToAddress } from './browser/address.ts';
import { listenToKeys } from './browser/keys.ts';
import { openStorage } from './browser/storage.ts';
import { ConsoleContext } from './components/console-context.ts';
import { GRAPH_WINDOW_KEY, readGraphWindow } from './store/board-view.ts';
import { askIsSignedIn, openConsoleConnection } from './store/connection.ts';
import { createConsoleApi } from './store/console-api.ts';
import { createConsoleStore } from './store/console-store.ts';
import { runFeeds } from './store/feeds.ts';
import { applyTheme, readTheme } from './store/theme.ts';
import './styles/console.css';

const CLOCK_TICK_MS = 1_000;

function start(root: HTMLElement): void {
  const world = { clock: systemClock, random: systemRandom };
  const storage = openStorage();
  const store = createConsoleStore({
    path: location.pathname,
    search: location.search,
    now: world.clock.now(),
    theme: readTheme(storage),
    graphWindow: readGraphWindow(storage),
  });
  const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/stream`;
  const connection = openConsoleConnection({
    store,
    openChannel: (signal) => openWebSocketChannel({ url, clock: world.clock, signal }),
    isSignedIn: () => askIsSignedIn((path, init) => fetch(path, init)),
    world,
  });
  const api = createConsoleApi(connection);
  const navigate = listenToAddress(store);
  listenToKeys(store, navigate);

  world.clock.every(CLOCK_TICK_MS, () => (store.now.value = world.clock.now()));
  effect(() => applyTheme(store.theme.value, document.documentElement, storage));
  effect(() => storage.setItem(GRAPH_WINDOW_KEY, store.graphWindow.value));
  void runFeeds({ store, api, world }, new AbortController().signal);
  void api.identity.whoami({}).then(
    ({ id }) => (store.me.value = id),
    () => undefined,
  );
  render(
    <ConsoleContext.Provider value={{ store, api, world, navigate }}>
      <App />
    </ConsoleContext.Provider>,
    root,
  );
}

const root = document.getElementById('app');
if (root !== null) start(root);
