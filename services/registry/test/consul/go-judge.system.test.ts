// The judges are two programs in Go: the discovery of Prometheus 2.42, as it is, and Consul's own client. Debian builds
// its Prometheus without consul_sd_configs, so the discovery is built from Prometheus' module (go-judge/main.go).
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import readline from 'node:readline';
import { findProgram, hasRequirement, openTemporaryDirectory, until } from '@plumb/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type ConsulWorld, openConsulWorld, OPERATOR } from './consul-world.ts';

/** The first time, on a busy machine, modules are fetched and Prometheus' discovery is compiled. */
const BUILD_TIMEOUT_MS = 420_000;
const JUDGE_DIRECTORY = path.join(import.meta.dirname, 'go-judge');
/** Where the module proxy cannot be reached. */
const UNREACHABLE = /dial tcp|no such host|i\/o timeout|connection refused|module lookup disabled/;

const built = new AsyncDisposableStack();
afterAll(() => built.disposeAsync());
let stack = new AsyncDisposableStack();
afterEach(async () => {
  await stack.disposeAsync();
  stack = new AsyncDisposableStack();
});

/** The program, or why there is none. */
async function build(go: string): Promise<{ readonly program?: string; readonly absent?: string }> {
  const program = path.join(built.use(await openTemporaryDirectory()).path, 'go-judge');
  const env = { ...process.env, GOFLAGS: '-mod=readonly', CGO_ENABLED: '0', GOTOOLCHAIN: 'local' };
  const child = spawn(go, ['build', '-o', program, '.'], {
    cwd: JUDGE_DIRECTORY,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  if (code === 0) return { program };
  if (UNREACHABLE.test(said)) return { absent: said };
  throw new Error(said);
}

function run(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  stack.defer(async () => {
    const ended = once(child, 'close');
    if (child.exitCode === null && child.kill('SIGKILL')) await ended;
  });
  return child;
}

type Target = Readonly<Record<string, string>>;

/** What Prometheus discovers, by service. */
function discover(
  program: string,
  { port, token }: ConsulWorld,
  services: readonly string[] = [],
): Map<string, readonly Target[]> {
  const reader = token({ id: 'prometheus', scopes: ['registry:read'] });
  const child = run(program, ['discover', `127.0.0.1:${port}`, reader, ...services]);
  const found = new Map<string, readonly Target[]>();
  if (child.stdout === null) throw new Error('its output is read');
  readline.createInterface({ input: child.stdout }).on('line', (line) => {
    const { source, targets } = JSON.parse(line) as { source: string; targets: Target[] };
    found.set(source, targets);
  });
  return found;
}

const go = findProgram('go');
if (hasRequirement('go', 'install it with "apt-get install golang-go"') && go !== undefined) {
  let judge: Awaited<ReturnType<typeof build>> = {};
  beforeAll(async () => {
    judge = await build(go);
  }, BUILD_TIMEOUT_MS);

  test('the discovery of Prometheus follows services of the door and of the dictionary', async (context) => {
    if (judge.program === undefined) return context.skip(judge.absent);
    const world = stack.use(await openConsulWorld());
    const { agent } = world.client();
    const all = discover(judge.program, world);
    const chosen = discover(judge.program, world, ['web']);
    await until('Plumb itself', () => all.has('consul'));
    const addressOf = (source: string): string =>
      (all.get(source) ?? []).map((target) => target['__address__']).join(' ');

    await agent.service.register({ name: 'web', id: 'w1', port: 8001, tags: ['blue'], meta: { team: 'a' } });
    const place = { address: '10.1.2.3', port: 9100, ttlMs: 300_000 };
    const { instanceId } = await world.registry.register({ service: 'chain', application: 'tip', ...place });
    await until('both', () => addressOf('web') === '127.0.0.1:8001' && addressOf('chain') === '10.1.2.3:9100');
    expect(all.get('web')).toMatchObject([
      {
        __meta_consul_dc: 'dc1',
        __meta_consul_node: 'node1',
        __meta_consul_health: 'passing',
        __meta_consul_service: 'web',
        __meta_consul_service_id: 'w1',
        __meta_consul_service_metadata_team: 'a',
        __meta_consul_tags: ',blue,',
      },
    ]);
    expect(all.get('chain')).toMatchObject([{ __meta_consul_service_metadata_application: 'tip' }]);

    await agent.service.register({ name: 'web', id: 'w2', port: 8002, check: { ttl: '60s' } } as never);
    await until('another', () => addressOf('web') === '127.0.0.1:8001 127.0.0.1:8002');
    await until('its health', () => all.get('web')?.[1]?.['__meta_consul_health'] === 'critical');
    await agent.check.pass('service:w2');
    await until('its health now', () => all.get('web')?.[1]?.['__meta_consul_health'] === 'passing');

    await agent.service.deregister('w1');
    await agent.service.deregister('w2');
    await world.registry.deregister({ instanceId });
    await until('nothing', () => addressOf('web') === '' && addressOf('chain') === '');
    await until('nothing of what was chosen', () => chosen.get('web')?.length === 0);
    expect([...chosen.keys()]).toEqual(['web']);
  });

  test("Consul's own client does all that it does with Consul", async (context) => {
    if (judge.program === undefined) return context.skip(judge.absent);
    const world = stack.use(await openConsulWorld());
    const child = run(judge.program, ['client', `127.0.0.1:${world.port}`, world.token(OPERATOR)]);
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await once(child, 'close');
    expect(said.trim().split('\n')).toEqual([
      'kv',
      'transaction',
      'session',
      'lock',
      'semaphore',
      'agent',
      'catalog',
      'watch',
      'event',
      'status',
    ]);
  });
}
