/** A tip jar in this process on a chain, with settings that a test changes. */
import { openTipjar, type Tipjar } from '../src/tipjar.ts';

export type World = Tipjar & { readonly set: (key: string, value: unknown) => void };

export async function openWorld(chainUrl: string): Promise<World> {
  const values: Record<string, unknown> = { title: 'Tip jar', 'min-tip': 0.001 };
  const listeners = new Set<() => void>();
  const source = {
    get: (key: string) => values[key],
    subscribe: (onChange: () => void) => {
      listeners.add(onChange);
      return { [Symbol.dispose]: () => void listeners.delete(onChange) };
    },
  };
  const tipjar = await openTipjar({ chainUrl, host: '127.0.0.1', port: 0, source, log: () => undefined });
  return {
    ...tipjar,
    set: (key, value) => {
      values[key] = value;
      for (const listener of listeners) listener();
    },
  };
}

export type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

export async function getJson(url: string): Promise<Answer> {
  const response = await fetch(url);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

export async function postTip(url: string, tip: Readonly<Record<string, unknown>>): Promise<Answer> {
  const response = await fetch(`${url}/api/tips`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(tip),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** The messages of a stream of server-sent events as they come, until the test stops reading. */
export async function* readLive(url: string): AsyncGenerator<Readonly<Record<string, string>>> {
  const response = await fetch(`${url}/live`);
  let rest = '';
  for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    const events = (rest + chunk).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const line = event.split('\n').find((text) => text.startsWith('data: '));
      if (line !== undefined) yield JSON.parse(line.slice('data: '.length)) as Record<string, string>;
    }
  }
}
