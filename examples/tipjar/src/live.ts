/** Pages that follow along over server-sent events. Each gets the whole state each time, so nothing can be missed. */
import type { ServerResponse } from 'node:http';

/** Open pages at a time; one more is refused, and its browser tries again. */
const PAGES_MAX = 500;
/** What a page that does not read may leave unread before it is disconnected; it then connects again. */
const UNREAD_BYTES_MAX = 262_144;
/** Shorter than what common proxies allow a silent connection. */
const HEARTBEAT_PERIOD_MS = 15_000;

export type LiveFeed = Disposable & {
  /** Takes over the response; answers 503 when there are too many. */
  readonly add: (response: ServerResponse) => void;
  /** Sends the state as it is now to every page. */
  readonly publish: () => void;
};

export function openLiveFeed(state: () => unknown): LiveFeed {
  const pages = new Set<ServerResponse>();
  const send = (response: ServerResponse, text: string): void => {
    if (response.writableLength > UNREAD_BYTES_MAX) response.destroy();
    else response.write(text);
  };
  const message = (): string => `data: ${JSON.stringify(state())}\n\n`;
  const heartbeat = setInterval(() => {
    for (const page of pages) send(page, ':\n\n');
  }, HEARTBEAT_PERIOD_MS);

  return {
    add: (response) => {
      if (pages.size >= PAGES_MAX) {
        response.writeHead(503, { 'retry-after': '5' }).end('too many pages follow along: try again in a while\n');
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      pages.add(response);
      response.on('close', () => pages.delete(response));
      send(response, `retry: 1000\n${message()}`);
    },
    publish: () => {
      const text = message();
      for (const page of pages) send(page, text);
    },
    [Symbol.dispose]: () => {
      clearInterval(heartbeat);
      for (const page of pages) page.end();
    },
  };
}
