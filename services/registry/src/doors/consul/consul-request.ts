/** What the door is asked and what it answers, without a socket: a listener carries both. */
import type { Caller } from '@plumb/rpc';
import { badRequest } from './consul-error.ts';
import { parseGoDuration } from './go-duration.ts';

export type ConsulRequest = {
  readonly method: string;
  /** As it was sent, percent-encoded, from `/v1/` on and without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Uint8Array;
  readonly caller: Caller;
  /** Asked for by what waits: aborts when nobody waits for the answer any more, or the caller's credential has ended. */
  readonly signal: () => AbortSignal;
};

export type ConsulAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
};

/** What an endpoint makes: JSON of a value, which is encoded once however often it is answered, or text or bytes. */
export type Reply = { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } & (
  | { readonly value: unknown }
  | { readonly contentType: string; readonly body: string | Uint8Array }
);

export type EndpointRequest = ConsulRequest & {
  /** What follows the endpoint's path, decoded; empty where it takes nothing. */
  readonly name: string;
};

export type Endpoint = (request: EndpointRequest) => Reply | Promise<Reply>;

/** Endpoints by method, by path; one that ends with `/` takes what follows as its name. */
export type Endpoints = Readonly<Record<string, Readonly<Record<string, Endpoint>>>>;

/** Done, and nothing to say. */
export const EMPTY: Reply = { contentType: 'text/plain; charset=utf-8', body: '' };

/** 404 without a word: Consul's answer for a key that is not there. */
export const NOTHING: Reply = { status: 404, ...EMPTY };

/** `?raw`, `?raw=`, `?raw=1` alike. */
export function hasFlag({ query }: EndpointRequest, name: string): boolean {
  return query.has(name);
}

/** A flag whose value counts, such as `?passing=false`; `undefined` where it is not given. */
export function booleanFlag({ query }: EndpointRequest, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (['', '1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw badRequest(`Invalid value for ?${name}`);
}

/** A whole number that is not negative; `undefined` where it is not given. `message` is what is said of anything else. */
export function wholeNumber({ query }: EndpointRequest, name: string, message: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (/^\d{1,20}$/.test(text) && Number.isFinite(value)) return value;
  throw badRequest(message);
}

/** Milliseconds; `undefined` where it is not given. */
export function durationMs({ query }: EndpointRequest, name: string, message: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const ms = parseGoDuration(text);
  if (ms === undefined) throw badRequest(message);
  return ms;
}

/** @throws ConsulError 400 with Consul's words for an endpoint that was not told of what. */
export function requireName({ name }: EndpointRequest, message: string): string {
  if (name === '') throw badRequest(message);
  return name;
}
