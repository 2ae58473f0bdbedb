import { formatDuration, OperatingError } from '@plumb/base';
import type { Plumbd } from '@plumb/plumbd';
import path from 'node:path';
import { type Command, duration, refuseMore, text, UsageError } from '../command.ts';
import type { Shell } from '../shell.ts';
import { runDeploy } from './deploy.ts';

export const up: Command = {
  name: 'up',
  summary: 'Start Plumb here, in the foreground; Ctrl-C stops it and all it started.',
  usage: '',
  details: 'Opens the console and the APIs on loopback. A second one on the same data directory is refused.',
  examples: ['plumb up', 'plumb up --deploy examples/tipjar', 'plumb up --data /var/lib/plumb --http 8080 --rpc 0'],
  flags: {
    deploy: { type: 'string', value: 'FOLDER', help: 'deploy this folder once it is up' },
    environment: { type: 'string', value: 'NAME', short: 'e', help: 'the overlay of its plumb.yaml to use' },
    http: {
      type: 'string',
      value: 'PORT',
      help: 'port of the console and HTTP APIs (default 7700, 0 for any free one)',
    },
    rpc: { type: 'string', value: 'PORT', help: 'port of RPC (default 7701, 0 for any free one)' },
    dns: {
      type: 'string',
      value: 'PORT',
      help: 'answer DNS for NAME.service.plumb there, such as 7753 (0 for any free one; off by default)',
    },
    etcd: {
      type: 'string',
      value: 'PORT',
      help: 'serve clients of etcd there, such as 2379 (0 for any free one; off by default)',
    },
    'scrape-period': { type: 'string', value: 'TIME', help: 'how often metrics are read (default 5s)' },
    'log-level': {
      type: 'string',
      value: 'LEVEL',
      help: 'debug, info, warn or error (default info); logs go to DATA/logs/plumbd.log',
    },
  },
  async run(words, flags, shell) {
    refuseMore(words, 0);
    const startedAt = performance.now();
    const dns = text(flags, 'dns');
    const etcd = text(flags, 'etcd');
    const options = {
      dataDirectory: shell.dataDirectory,
      httpPort: port(text(flags, 'http') ?? '7700', 'http'),
      rpcPort: port(text(flags, 'rpc') ?? '7701', 'rpc'),
      dnsPort: dns === undefined ? undefined : port(dns, 'dns'),
      etcdPort: etcd === undefined ? undefined : port(etcd, 'etcd'),
      scrapePeriodMs: duration(flags, 'scrape-period'),
      logLevel: logLevel(text(flags, 'log-level') ?? 'info'),
      env: shell.env,
    };
    // Loaded here, so that every other command starts without the server's code.
    const { openPlumbd } = await import('@plumb/plumbd');
    await using plumbd = await openPlumbd(options);
    const folder = text(flags, 'deploy');
    let failure: unknown;
    if (folder !== undefined) {
      const source = {
        directory: path.resolve(shell.directory, folder),
        manifest: undefined,
        environment: text(flags, 'environment'),
      };
      failure = await runDeploy(plumbd.services.deploy, source, shell).catch((error: unknown) => error);
    }
    if (failure !== undefined && !shell.signal.aborted) printFailure(failure, shell);
    if (!shell.signal.aborted)
      await printDoors(
        plumbd,
        { startedAt, deployed: folder === undefined ? undefined : path.resolve(shell.directory, folder) },
        shell,
      );

    await untilAborted(shell.signal);
    if (!shell.isJson) shell.err('stopping…');
    return 0;
  },
};

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

async function printDoors(
  { doors, services, signInLink }: Plumbd,
  { startedAt, deployed }: { readonly startedAt: number; readonly deployed: string | undefined },
  { out, json, isJson, style }: Shell,
): Promise<void> {
  const link = await signInLink();
  const applications = await services.deploy.status({});
  if (isJson) {
    json({ ...doors, signIn: link, applications }, { isLine: true });
    return;
  }
  const addresses = applications.flatMap(({ name, units }) =>
    units.flatMap(({ kind, url }) => (kind === 'process' && url !== undefined ? [[name, url] as const] : [])),
  );
  const width = Math.max(9, ...addresses.map(([name]) => name.length));
  out('');
  out(`${style.bold('Plumb is up')} ${style.dim(`in ${formatDuration(performance.now() - startedAt)}`)}`);
  out('');
  const dns = doors.dns === undefined ? [] : [['DNS', doors.dns] as const];
  const etcd = doors.etcd === undefined ? [] : [['etcd', doors.etcd] as const];
  for (const [name, url] of [['console', link] as const, ...dns, ...etcd, ...addresses])
    out(`  ${name.padEnd(width)} ${style.cyan(url)}`);
  out('');
  out(style.dim('  The link signs one browser in, once, within ten minutes. Another: npx plumb token link'));
  out(style.dim('  Try in a second terminal:'));
  const shown = applications.find(({ directory }) => directory === deployed) ?? applications[0];
  for (const line of await whatToTry(services, shown?.name)) out(`    npx plumb ${line}`);
  out(style.dim('  Ctrl-C stops everything.'));
}

/** Commands that do something here. */
async function whatToTry({ config }: Plumbd['services'], application: string | undefined): Promise<string[]> {
  if (application === undefined) return ['deploy FOLDER      # one with a plumb.yaml, such as examples/tipjar'];
  const entries = await config.list({ application });
  const text = entries.findLast(({ value }) => typeof value === 'string');
  return [
    'status',
    ...(text === undefined ? [] : [`config set ${application}.${text.key} "Coffee fund"`]),
    `logs ${application} -f`,
  ];
}

function printFailure(error: unknown, { err, style }: Shell): void {
  err(`${style.red('✖')} ${error instanceof OperatingError ? error.message : String(error)}`);
  err(style.dim('  Plumb itself is up; mend it and run "plumb deploy" again'));
}

function port(given: string, flag: string): number {
  const value = /^\d+$/.test(given) ? Number(given) : Number.NaN;
  if (!(value <= 65_535)) throw new UsageError(`--${flag} takes a port from 0 to 65535, not "${given}"`);
  return value;
}

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

function logLevel(given: string): (typeof LOG_LEVELS)[number] {
  const level = LOG_LEVELS.find((candidate) => candidate === given);
  if (level === undefined) throw new UsageError(`--log-level takes one of ${LOG_LEVELS.join(', ')}, not "${given}"`);
  return level;
}
