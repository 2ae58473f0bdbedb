/** What the server answers to which request. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { formatEther } from 'viem';
import { type Answer, json, page, plain, readFields, RequestError, send } from './answer.ts';
import type { AssetStore } from './assets.ts';
import { ChainError } from './chain-client.ts';
import type { Jar } from './jar.ts';
import type { LiveFeed } from './live.ts';
import type { Metrics } from './metrics.ts';
import { renderPage, type Submission, type View } from './page.ts';
import type { RateLimit } from './rate-limit.ts';
import { checkTip, type Tip, type TipFaults } from './tip.ts';

export type App = {
  readonly view: () => View;
  readonly jar: Jar;
  readonly assets: AssetStore;
  readonly live: LiveFeed;
  readonly metrics: Metrics;
  readonly tipRate: RateLimit;
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void;
};

type Route = {
  /** What metrics call it: never made of what a client sent. */
  readonly name: string;
  readonly methods: Readonly<Record<string, (app: App, request: IncomingMessage) => Answer | Promise<Answer>>>;
};

type Outcome =
  | { readonly kind: 'left'; readonly tip: Tip }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly error: string;
      readonly faults: TipFaults;
      readonly fields: Fields;
    };
type Fields = Readonly<Record<string, unknown>>;

const ROUTES: Readonly<Record<string, Route>> = {
  '/': { name: '/', methods: { GET: getPage } },
  '/tips': { name: '/tips', methods: { POST: postForm } },
  '/api/tips': { name: '/api/tips', methods: { GET: getTips, POST: postTip } },
  '/ready': { name: '/ready', methods: { GET: getReady } },
  '/metrics': { name: '/metrics', methods: { GET: getMetrics } },
};

/** Answers one request; never rejects. */
export async function answer(app: App, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const startAt = performance.now();
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  if (path === '/live' && request.method === 'GET') {
    app.live.add(response);
    return;
  }
  const asset = app.assets.get(path);
  const route = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined;
  const name = asset === undefined ? (route?.name ?? 'other') : '/assets';
  response.on('finish', () => app.metrics.observe(name, response.statusCode, (performance.now() - startAt) / 1_000));
  try {
    send(request, response, asset ?? (await respond(app, request, route)));
  } catch (error) {
    if (request.destroyed && !request.complete) return; // The client went away while it was sending.
    if (error instanceof RequestError) {
      // What is left of a body that was not read would be taken for the next request.
      send(request, response, json(error.status, { error: error.message }, { connection: 'close' }));
      return;
    }
    app.log('http.failed', { route: name, error: String(error) });
    send(request, response, plain(500, 'Something went wrong here; the log has the details.\n'));
  }
}

function respond(app: App, request: IncomingMessage, route: Route | undefined): Answer | Promise<Answer> {
  if (route === undefined) return plain(404, 'There is nothing here. The jar is at /\n');
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
  const handler = Object.hasOwn(route.methods, method) ? route.methods[method] : undefined;
  if (handler !== undefined) return handler(app, request);
  const allow = Object.keys(route.methods).join(', ');
  return plain(405, `Use ${allow} here.\n`, { allow });
}

function getPage({ view, assets }: App): Answer {
  return page(200, renderPage(view(), assets.paths));
}

async function postForm(app: App, request: IncomingMessage): Promise<Answer> {
  const outcome = await leaveTip(app, request);
  // A redirect, so that a reload of the page does not leave the tip again.
  if (outcome.kind === 'left') return plain(303, '', { location: '/' });
  const text = (name: string): string => {
    const value = outcome.fields[name];
    return typeof value === 'string' ? value : '';
  };
  const submission: Submission = {
    values: { amount: text('amount'), name: text('name'), message: text('message') },
    faults: outcome.faults,
    notice: outcome.error,
  };
  return page(outcome.status, renderPage(app.view(), app.assets.paths, submission));
}

function getTips({ view }: App): Answer {
  const { settings, jar } = view();
  return json(200, {
    title: settings.title,
    minTip: formatEther(settings.minTipWei),
    count: jar.count,
    total: formatEther(jar.totalWei),
    balance: formatEther(jar.balanceWei),
    tips: jar.tips.map(tipToJson),
  });
}

async function postTip(app: App, request: IncomingMessage): Promise<Answer> {
  const outcome = await leaveTip(app, request);
  if (outcome.kind === 'left') return json(201, { tip: tipToJson(outcome.tip) });
  return json(outcome.status, { error: outcome.error, faults: outcome.faults });
}

function getReady({ jar }: App): Answer {
  const fault = jar.fault();
  return fault === undefined ? json(200, { status: 'ready' }) : json(503, { status: 'unready', reason: fault });
}

async function getMetrics({ metrics }: App): Promise<Answer> {
  return { status: 200, type: metrics.contentType, body: await metrics.text() };
}

async function leaveTip(app: App, request: IncomingMessage): Promise<Outcome> {
  // Another site may not make a visitor's browser tip.
  if (request.headers['sec-fetch-site'] === 'cross-site')
    throw new RequestError(403, "Leave tips from the jar's own page.");
  const fields = await readFields(request);
  const refuse = (status: number, error: string, faults: TipFaults = {}): Outcome => ({
    kind: 'refused',
    status,
    error,
    faults,
    fields,
  });

  const check = checkTip(fields, app.view().settings.minTipWei);
  if (check.kind === 'invalid') {
    app.metrics.refuse('invalid');
    return refuse(400, 'The tip was not left: see what to change above.', check.faults);
  }
  const waitMs = app.tipRate.take(request.socket.remoteAddress ?? '');
  if (waitMs > 0) {
    app.metrics.refuse('rate');
    return refuse(429, `That was quick: wait ${Math.ceil(waitMs / 1_000)} s before the next tip.`);
  }
  try {
    const tip = await app.jar.leave(check.request);
    app.log('tip.left', { amount: formatEther(tip.amountWei), transaction: tip.transaction });
    return { kind: 'left', tip };
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    app.metrics.refuse('chain');
    app.log('tip.failed', { error: error.message });
    return refuse(503, `The tip was not left: ${error.message}.`);
  }
}

function tipToJson({ amountWei, at, ...tip }: Tip): Readonly<Record<string, string>> {
  return { ...tip, amount: formatEther(amountWei), at: new Date(at).toISOString() };
}
