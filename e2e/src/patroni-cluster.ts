/** Two PostgreSQL servers that Patroni keeps one primary of, each with its Patroni in a process group of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import fsPromises from 'node:fs/promises';
import path from 'node:path';
import { freePorts } from './free-ports.ts';

const POSTGRES_DIRECTORIES = ['15', '16', '17', '14', '13'].map((version) => `/usr/lib/postgresql/${version}/bin`);

/** The least that Patroni takes: a leader that is gone is replaced after it. */
export const TTL_S = 20;

export type PatroniPrograms = { readonly patroni: string; readonly binDirectory: string };

/** Undefined where one of them is not installed. */
export function findPatroni(): PatroniPrograms | undefined {
  const patroni = ['/usr/bin/patroni', '/usr/local/bin/patroni'].find((file) => fs.existsSync(file));
  const binDirectory = POSTGRES_DIRECTORIES.find((directory) => fs.existsSync(path.join(directory, 'initdb')));
  return patroni === undefined || binDirectory === undefined ? undefined : { patroni, binDirectory };
}

export type PatroniNode = {
  readonly name: string;
  /** Whether it takes writes; undefined for one that does not answer. */
  readonly isPrimary: () => boolean | undefined;
  /** What one SQL command answers, or throws. */
  readonly query: (sql: string) => string;
  readonly start: () => void;
  /** Kills Patroni and PostgreSQL with -9. */
  readonly kill: () => void;
  readonly log: () => string;
};

export type PatroniCluster = AsyncDisposable & { readonly nodes: readonly PatroniNode[] };

/** `dcs` is the section of Patroni's configuration that names the store, such as `{ etcd3: { … } }`. */
export async function createPatroniCluster(
  { patroni, binDirectory }: PatroniPrograms,
  options: { readonly directory: string; readonly dcs: object },
): Promise<PatroniCluster> {
  const ports = await freePorts(4);
  const account = findAccount();
  await fsPromises.chmod(options.directory, 0o755);
  const nodes = [0, 1].map((index): PatroniNode => {
    const name = `pg${index}`;
    const [port = 0, apiPort = 0] = ports.slice(index * 2);
    const home = path.join(options.directory, name);
    fs.mkdirSync(home);
    const file = path.join(home, 'patroni.json');
    fs.writeFileSync(
      file,
      JSON.stringify(configurationOf({ name, port, apiPort, home, binDirectory, dcs: options.dcs })),
    );
    const logFile = path.join(home, 'log');
    fs.writeFileSync(logFile, '');
    if (account !== undefined) for (const each of [home, file, logFile]) fs.chownSync(each, account.uid, account.gid);
    return createNode({ name, port, home, file, logFile, patroni, binDirectory, account });
  });
  return {
    nodes,
    async [Symbol.asyncDispose]() {
      for (const node of nodes) node.kill();
    },
  };
}

type Account = { readonly uid: number; readonly gid: number };

/** PostgreSQL refuses to run as root. */
function findAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

type NodeParts = {
  readonly name: string;
  readonly port: number;
  readonly home: string;
  readonly file: string;
  readonly logFile: string;
  readonly patroni: string;
  readonly binDirectory: string;
  readonly account: Account | undefined;
};

function createNode({ name, port, home, file, logFile, patroni, binDirectory, account }: NodeParts): PatroniNode {
  let child: ChildProcess | undefined;
  const query = (sql: string): string =>
    execFileSync(
      path.join(binDirectory, 'psql'),
      ['-XAtc', sql, '-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', 'postgres'],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, PGPASSWORD: 'secret', PGCONNECT_TIMEOUT: '2' },
      },
    ).trim();
  return {
    name,
    query,
    log: () => fs.readFileSync(logFile, 'utf8'),
    isPrimary() {
      try {
        return query('select pg_is_in_recovery()') === 'f';
      } catch {
        return undefined;
      }
    },
    start() {
      const log = fs.openSync(logFile, 'a');
      child = spawn(patroni, [file], {
        ...account,
        cwd: home,
        detached: true,
        env: { PATH: `${binDirectory}:/usr/bin:/bin`, HOME: home },
        stdio: ['ignore', log, log],
      });
      fs.closeSync(log);
    },
    kill() {
      // First Patroni: it would start again what is killed below it. PostgreSQL is in a session of its own.
      if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      killPostgres(path.join(home, 'data'));
    },
  };
}

/** The postmaster, whose children end with it, by the file that it keeps its id in. */
function killPostgres(dataDirectory: string): void {
  try {
    const [pid = ''] = fs.readFileSync(path.join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n');
    const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    if (command.includes(dataDirectory)) process.kill(Number(pid), 'SIGKILL');
  } catch {
    // It does not run.
  }
}

type Configuration = {
  readonly name: string;
  readonly port: number;
  readonly apiPort: number;
  readonly home: string;
  readonly binDirectory: string;
  readonly dcs: object;
};

function configurationOf({ name, port, apiPort, home, binDirectory, dcs }: Configuration): object {
  const api = `127.0.0.1:${apiPort}`;
  const passwords = { password: 'secret' };
  return {
    scope: 'demo',
    namespace: '/patroni/',
    name,
    restapi: { listen: api, connect_address: api },
    ...dcs,
    bootstrap: {
      dcs: {
        ttl: TTL_S,
        loop_wait: 2,
        retry_timeout: 5,
        postgresql: { use_pg_rewind: true, parameters: { wal_log_hints: 'on', wal_keep_size: '128MB' } },
      },
      initdb: [{ encoding: 'UTF8' }, { auth: 'scram-sha-256' }],
      pg_hba: ['local all all trust', 'host all all 127.0.0.1/32 md5', 'host replication all 127.0.0.1/32 md5'],
    },
    postgresql: {
      listen: `127.0.0.1:${port}`,
      connect_address: `127.0.0.1:${port}`,
      data_dir: path.join(home, 'data'),
      bin_dir: binDirectory,
      pgpass: path.join(home, 'pgpass'),
      authentication: {
        superuser: { username: 'postgres', ...passwords },
        replication: { username: 'replicator', ...passwords },
        rewind: { username: 'rewinder', ...passwords },
      },
      parameters: { unix_socket_directories: home, shared_buffers: '16MB', max_connections: 20, fsync: 'on' },
    },
  };
}
