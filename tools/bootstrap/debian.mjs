// @ts-check
/** What Debian's own packages provide: installed where we may (as root), named in a command to run where we may not. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { withProgress } from './progress.mjs';
import { runChild } from './run-child.mjs';

/** The libraries and programs beside npm packages that all tests together need. */
export const TEST_PACKAGES = [
  'bind9-dnsutils',
  'chromium',
  'etcd-client',
  'etcd-server',
  'haproxy',
  'libatomic1',
  'python3-cbor2',
  'python3-zmq',
  'strace',
];

/** The programs that benchmarks compare us with. */
const PEER_PACKAGES = ['dnsmasq-base', 'nats-server'];

/** Of all these, what brings a server that Debian starts where it can: we only want the program. */
const SERVER_PACKAGES = ['etcd-server', 'haproxy', 'nats-server'];
/** Asked by Debian's packages before they start a server; 101 forbids it. */
const SERVER_POLICY = '/usr/sbin/policy-rc.d';
const POLICY_SCRIPT =
  '#!/bin/sh\n# Written by Plumb for the time of an installation: it starts no servers.\nexit 101\n';

const APT_FLAGS = ['-y', '-q', '-o', 'DPkg::Lock::Timeout=300', '--no-install-recommends'];
/** What a shell says, and what the loader says, when a library of a program is missing. */
const LOADER_EXIT_CODE = 127;

/**
 * Rejects with what to do when `node` cannot be started; on Debian as root it first installs what the loader misses.
 * @param {string} node
 */
export async function ensureNodeStarts(node) {
  const fault = startFault(node);
  if (fault === undefined) return;
  if (fault.includes('libatomic.so.1')) {
    await ensureDebianPackages(['libatomic1'], `${node} cannot start without it`);
    if (startFault(node) === undefined) return;
    throw new Error(`${fault}\ninstall libatomic with the system's package manager, then try again`);
  }
  throw new Error(`the pinned Node.js cannot be started: ${fault}\nit needs glibc 2.28 or newer on x64 or arm64`);
}

/**
 * Installs those of `names` that are missing, on Debian as root. Elsewhere it only says which are missing, and `why`
 * that matters, since the system may have them under other names. So it does with servers where systemd runs: it would
 * start them with the machine, which is for the owner of the machine to want.
 * @param {readonly string[]} names
 * @param {string} why
 */
export async function ensureDebianPackages(names, why) {
  if (process.platform !== 'linux' || !fs.existsSync('/etc/debian_version')) return;
  const absent = listMissingPackages(names);
  const isRoot = process.getuid?.() === 0;
  const hasSystemd = fs.existsSync('/run/systemd/system');
  const missing = absent.filter((name) => isRoot && !(hasSystemd && SERVER_PACKAGES.includes(name)));
  const left = absent.filter((name) => !missing.includes(name));
  if (left.length > 0) {
    const command = `sudo apt-get install ${APT_FLAGS.at(-1)} ${left.join(' ')}`;
    process.stderr.write(`not installed: ${left.join(', ')}: ${why}; to install: ${command}\n`);
  }
  if (missing.length > 0) await install(missing, why);
}

/** @param {readonly string[]} missing @param {string} why */
async function install(missing, why) {
  const command = `apt-get install ${APT_FLAGS.at(-1)} ${missing.join(' ')}`;
  const release = forbidServers(SERVER_POLICY);
  try {
    await runInstall(missing, command, why);
  } finally {
    release();
  }
}

/**
 * Keeps packages from starting servers until the returned function is called. A policy of the machine's own stays as it
 * is, one that an installation left which was killed is taken for ours.
 * @param {string} file
 */
export function forbidServers(file) {
  if (fs.existsSync(file) && fs.readFileSync(file, 'utf8') !== POLICY_SCRIPT) return () => {};
  fs.writeFileSync(file, POLICY_SCRIPT, { mode: 0o755 });
  return () => fs.rmSync(file, { force: true });
}

/** @param {readonly string[]} missing @param {string} command @param {string} why */
async function runInstall(missing, command, why) {
  await withProgress(`installing ${missing.join(', ')} (apt)`, async () => {
    const first = await runApt(['install', ...APT_FLAGS, ...missing]);
    if (first.code === 0) return;
    // The lists of packages are missing or older than the packages: both are told apart only by trying.
    const update = await runApt(['update', '-q', '-o', 'DPkg::Lock::Timeout=300']);
    const second = await runApt(['install', ...APT_FLAGS, ...missing]);
    if (second.code === 0) return;
    throw new Error(`${update.code === 0 ? '' : update.output}${second.output}\n"${command}" failed: ${why}`);
  });
}

/** Installs what benchmarks compare us with; they go on without it. */
export async function ensurePeerPackages() {
  try {
    await ensureDebianPackages(PEER_PACKAGES, 'benchmarks leave them out');
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
}

/** @param {readonly string[]} names @returns {string[]} */
export function listMissingPackages(names) {
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\\n', ...names], {
    encoding: 'utf8',
  });
  const installed = new Set(
    stdout.split('\n').flatMap((line) => (line.endsWith(' installed') ? line.split(' ')[0] : [])),
  );
  return names.filter((name) => !installed.has(name));
}

/** @param {string[]} args */
async function runApt(args) {
  /** @type {Buffer[]} */
  const chunks = [];
  const code = await runChild('apt-get', args, {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    onOutput: (chunk) => chunks.push(chunk),
  });
  return { code, output: Buffer.concat(chunks).toString('utf8') };
}

/** What keeps `node` from starting, or undefined. @param {string} node */
function startFault(node) {
  const { status, stderr, error } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  if (status === 0) return undefined;
  return status === LOADER_EXIT_CODE || error === undefined ? stderr.trim() : error.message;
}
