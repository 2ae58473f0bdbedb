/** The whole server from its parts, for `server.ts` and for tests. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadAssets } from './assets.ts';
import { openJar } from './jar.ts';
import { openLiveFeed } from './live.ts';
import { createMetrics } from './metrics.ts';
import { renderLiveParts, type View } from './page.ts';
import { createRateLimit } from './rate-limit.ts';
import { answer, type App } from './routes.ts';
import { parseSettings } from './settings.ts';

/** Tips that one address may leave at once, and then how often: a person's pace. */
const TIP_BURST = 10;
const TIP_PERIOD_MS = 1_000;
/** Connections at a time: open pages hold one each. */
const CONNECTIONS_MAX = 1_000;
/** For a whole request to arrive. */
const REQUEST_TIMEOUT_MS = 10_000;
/** What requests in flight get at the end, before they are cut off. */
const CLOSE_GRACE_MS = 3_000;
/** Connections that become idle after the close began are closed this soon. */
const CLOSE_SWEEP_PERIOD_MS = 25;

/** Where settings come from: `get` gives what is in force now. */
export type SettingsSource = {
  readonly get: (key: string) => unknown;
  readonly subscribe: (onChange: () => void) => Disposable;
};

export type TipjarOptions = {
  readonly chainUrl: string;
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly source: SettingsSource;
  readonly log: App['log'];
};

export type Tipjar = AsyncDisposable & { readonly url: string };

/** Answers requests when it resolves; whether the jar can be used is what `/ready` tells. */
export async function openTipjar({ chainUrl, host, port, source, log }: TipjarOptions): Promise<Tipjar> {
  let settings = parseSettings(source.get);
  const view = (): View => ({ settings, jar: jar.state(), fault: jar.fault() });
  const live = openLiveFeed(() => renderLiveParts(view()));
  let publish = (): void => undefined;
  const jar = await openJar({
    url: chainUrl,
    onChange: () => publish(),
    onFault: (fault) => {
      log(fault === undefined ? 'jar.ready' : 'jar.unready', fault === undefined ? {} : { fault });
      publish();
    },
  });
  publish = live.publish;

  const subscription = source.subscribe(() => {
    try {
      settings = parseSettings(source.get);
      log('settings.changed', { title: settings.title });
      publish();
    } catch (error) {
      log('settings.refused', { error: String(error) });
    }
  });

  const metrics = createMetrics(jar.state);
  const tipRate = createRateLimit({ burst: TIP_BURST, periodMs: TIP_PERIOD_MS, now: () => performance.now() });
  const app: App = { view, jar, assets: await loadAssets(), live, metrics, tipRate, log };
  const server = http.createServer((request, response) => void answer(app, request, response));
  server.maxConnections = CONNECTIONS_MAX;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    subscription[Symbol.dispose]();
    live[Symbol.dispose]();
    await jar[Symbol.asyncDispose]();
    throw error;
  }

  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      subscription[Symbol.dispose]();
      const closed = once(server, 'close');
      server.close();
      live[Symbol.dispose]();
      const sweep = setInterval(() => server.closeIdleConnections(), CLOSE_SWEEP_PERIOD_MS);
      const deadline = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
      await closed;
      clearInterval(sweep);
      clearTimeout(deadline);
      await jar[Symbol.asyncDispose]();
    },
  };
}
