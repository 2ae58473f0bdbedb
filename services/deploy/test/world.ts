/** A deployment on the real dictionary, configuration and supervisor, with chain nodes that are small Node programs. */
import fs from 'node:fs';
import path from 'node:path';
import { type Log, OperatingError, silentLog, systemClock, systemRandom } from '@plumb/base';
import { type ConfigClient, configContract } from '@plumb/config-store';
import { openConfigStore } from '@plumb/config-store/server';
import type { Kv } from '@plumb/kv';
import { registryContract, type RegistryClient } from '@plumb/registry';
import { openRegistry } from '@plumb/registry/server';
import { connectInProcess } from '@plumb/rpc';
import { DEFAULT_RESTART_POLICY } from '@plumb/supervise';
import type { ChainNodePlanner } from '../src/chain-node.ts';
import {
  type ApplicationStatus,
  type DeployClient,
  deployContract,
  type DeployProgress,
  type UnitStatus,
} from '../src/contract.ts';
import { type JournalNote, openDeploy } from '../src/server.ts';

export const CALLER = { id: 'tester', scopes: ['*'] };

export type World = AsyncDisposable & {
  readonly deploy: DeployClient;
  readonly registry: RegistryClient;
  readonly config: ConfigClient;
  readonly journal: JournalNote[];
  /** Instances that were given access to Plumb and have it still. */
  readonly access: Set<string>;
  readonly unit: (name: string) => Promise<UnitStatus | undefined>;
};

export type WorldOptions = {
  readonly kv: Kv;
  readonly dataDirectory: string;
  readonly owner: string;
  readonly log?: Log;
  readonly readyTimeoutMs?: number;
};

/** As the real one, with short waits between restarts. */
const RESTART_POLICY = { ...DEFAULT_RESTART_POLICY, backoff: { delayMsMin: 5, delayMsMax: 20 } };

/** The public key of every instance of this world. */
export const INSTANCE_KEY = 'Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID';

export async function openWorld({
  kv,
  dataDirectory,
  owner,
  log = silentLog,
  readyTimeoutMs,
}: WorldOptions): Promise<World> {
  await using opening = new AsyncDisposableStack();
  const journal: JournalNote[] = [];
  const access = new Set<string>();
  const clock = systemClock;
  const registryService = opening.use(await openRegistry({ kv, clock, log, hostName: 'host' }));
  const registry = opening.use(connectInProcess(registryContract, registryService.handlers, CALLER));
  const configService = opening.use(await openConfigStore({ kv, clock, random: systemRandom, log }));
  const config = opening.use(connectInProcess(configContract, configService.handlers, CALLER));
  const service = opening.use(
    await openDeploy({
      kv,
      registry,
      config,
      chains: fakeChains,
      clock,
      random: systemRandom,
      log,
      dataDirectory,
      hostName: 'host',
      owner,
      baseEnvironment: { PATH: `${path.dirname(process.execPath)}:${process.env['PATH'] ?? ''}` },
      openInstance: async ({ application, instanceId }) => {
        access.add(instanceId);
        const caller = { id: instanceId, scopes: ['config:read'], application };
        const own = connectInProcess(configContract, configService.handlers, caller);
        return {
          config: own,
          env: { PLUMB_RPC: 'rpc', PLUMB_CURVE_KEY: `key-of-${instanceId}` },
          publicKey: INSTANCE_KEY,
          close: async () => {
            access.delete(instanceId);
            own[Symbol.dispose]();
          },
        };
      },
      journal: async (note) => void journal.push(note),
      restartPolicy: RESTART_POLICY,
      readyTimeoutMs,
    }),
  );
  const deploy = opening.use(connectInProcess(deployContract, service.handlers, CALLER));
  const open = opening.move();
  return {
    deploy,
    registry,
    config,
    journal,
    access,
    unit: async (name) => (await deploy.status({})).flatMap(({ units }) => units).find(({ unit }) => unit === name),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** Deploys to its end. */
export async function deployAll(
  deploy: DeployClient,
  directory: string,
): Promise<{ events: DeployProgress[]; status: ApplicationStatus }> {
  const events: DeployProgress[] = [];
  for await (const event of deploy.deploy({ directory })) events.push(event);
  const last = events.at(-1);
  if (last?.kind !== 'done') throw new Error('the deploy ended without "done"');
  return { events, status: last.status };
}

/** Writes an application: `plumb.yaml` and its programs. */
export function writeFiles(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
    fs.writeFileSync(path.join(directory, name), text);
  }
}

/** Serves its environment as JSON at `/`, and is ready while there is no file `unready`. */
export const WEB = `
import fs from 'node:fs';
import http from 'node:http';
console.log('web of ' + process.pid);
http.createServer((request, response) => {
  if (request.url === '/ready' && fs.existsSync('unready.log')) return response.writeHead(503).end('not in the mood');
  response.end(JSON.stringify(process.env));
}).listen(Number(process.env.PORT), process.env.HOST);
`;

/** A node that answers its state: that of a file in its working directory, or ready. */
const NODE = `
const http = require('node:http'), fs = require('node:fs');
http.createServer((_, response) => response.end(fs.existsSync('chain.log') ? fs.readFileSync('chain.log', 'utf8') : 'ready'))
  .listen(Number(process.env.PORT), process.env.HOST);
`;

const fakeChains: ChainNodePlanner = {
  plan: async ({ spec, port }) => {
    if (spec.network === 'absent') {
      throw new OperatingError('unavailable', 'the program anvil is not installed: install it with npm');
    }
    const url = `http://127.0.0.1:${port}`;
    return {
      command: [process.execPath, '-e', NODE],
      env: {},
      url,
      stopGraceMs: 1_000,
      probePeriodMs: 20,
      probe: {
        reset: () => undefined,
        check: async (signal) => {
          const facts = { kind: spec.kind, network: spec.network, height: 1 };
          try {
            const state = (await (await fetch(url, { signal })).text()) === 'ready' ? 'ready' : 'lagging';
            return { health: { state, ...(state === 'ready' ? {} : { reason: 'behind' }), sinceAt: 0 }, facts };
          } catch {
            return { health: { state: 'starting', reason: 'no answer', sinceAt: 0 }, facts };
          }
        },
      },
    };
  },
};
