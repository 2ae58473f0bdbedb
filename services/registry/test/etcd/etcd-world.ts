/** The door of etcd over a store in memory, on a free port, with tokens of every kind. */
import { createLog, type LogFields, systemClock } from '@plumb/base';
import { type Kv, openMemoryKv } from '@plumb/kv';
import { findProgram } from '@plumb/testing';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type EtcdAuthentication, openEtcdDoor } from '../../src/doors/etcd/open-etcd-door.ts';

/** Scopes by token. */
const TOKENS: Readonly<Record<string, readonly string[]>> = {
  'all.secret': ['*'],
  'reader.secret': ['etcd:read'],
  'web.secret': ['etcd:read:app/', 'etcd:write:app/web/'],
  'stranger.secret': ['config:read'],
};

export type EtcdWorld = AsyncDisposable & {
  readonly kv: Kv;
  readonly port: number;
  readonly url: string;
  /** What was logged; a bug is an error. */
  readonly logged: readonly { readonly event: string; readonly fields: LogFields }[];
  /** Makes a token worth nothing. */
  readonly revoke: (token: string) => void;
  /** And something again. */
  readonly renew: (token: string) => void;
  /** A POST of JSON, as the owner of everything unless `token` says otherwise; '' is nobody. */
  readonly post: (path: string, body: object, token?: string) => Promise<Answer>;
};
export type Answer = { readonly status: number; readonly body: Record<string, unknown> };

export async function openEtcdWorld({
  txnOperationsMax,
}: { readonly txnOperationsMax?: number } = {}): Promise<EtcdWorld> {
  await using opening = new AsyncDisposableStack();
  const kv = opening.use(await openMemoryKv({ clock: systemClock }));
  const ends = new Map(Object.keys(TOKENS).map((token) => [token, new AbortController()]));
  const logged: { event: string; fields: LogFields }[] = [];
  const authenticate = async (token: string): Promise<EtcdAuthentication> => {
    const [scopes, end] = [TOKENS[token], ends.get(token)];
    if (token === 'guess') return { kind: 'limited' };
    if (scopes === undefined || end === undefined || end.signal.aborted) return { kind: 'unknown' };
    return { kind: 'known', caller: { id: token.split('.')[0] ?? '', scopes }, ended: end.signal };
  };
  const door = opening.use(
    await openEtcdDoor({
      kv,
      authenticate,
      port: 0,
      hostName: 'here',
      identity: 'test',
      txnOperationsMax,
      clock: systemClock,
      log: createLog((_level, event, fields) => logged.push({ event, fields })),
    }),
  );
  const url = `http://127.0.0.1:${door.port}`;
  const open = opening.move();
  return {
    kv,
    port: door.port,
    url,
    logged,
    revoke: (token) => ends.get(token)?.abort(),
    renew: (token) => void ends.set(token, new AbortController()),
    async post(path, body, token = 'all.secret') {
      const headers: Record<string, string> = token === '' ? {} : { authorization: token };
      const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

export type Run = { readonly code: number | null; readonly out: string; readonly err: string };
export type Running = Disposable & {
  readonly child: ChildProcess;
  /** What it printed so far. */
  readonly out: () => string;
  readonly finished: Promise<Run>;
};

/** `etcdctl` on the door, as the owner of everything unless `user` says otherwise. */
export function startEtcdctl(
  { port }: EtcdWorld,
  words: readonly string[],
  { user = 'ada:all.secret', input }: { readonly user?: string; readonly input?: string } = {},
): Running {
  const flags = [`--endpoints=127.0.0.1:${port}`, ...(user === '' ? [] : [`--user=${user}`])];
  const child = spawn(findProgram('etcdctl') ?? 'etcdctl', [...flags, ...words], {
    env: { ETCDCTL_API: '3' },
    stdio: 'pipe',
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => void (out += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => void (err += String(chunk)));
  if (input !== undefined) child.stdin.end(input);
  const finished = once(child, 'close').then(() => ({ code: child.exitCode, out, err }));
  return { child, out: () => out, finished, [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

/** What `etcdctl` prints in the end. */
export async function etcdctl(
  world: EtcdWorld,
  words: readonly string[],
  options?: { readonly user?: string; readonly input?: string },
): Promise<string> {
  using running = startEtcdctl(world, words, options);
  const { code, out, err } = await running.finished;
  if (code !== 0) throw new Error(err.trim().split('\n').at(-1) ?? `exit ${code}`);
  return out;
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
