import type { Faults } from './faults.ts';
import type { ChainSpec, ProbeSpec, ProcessSpec } from './manifest.ts';
import { describeNode, type Node, quote } from './node.ts';
import { mapEntries, type Reader, Section, type SectionKeys } from './section.ts';
import { readFiles } from './read-files.ts';
import { command, looseText, name, port, secondsMs, stopGraceMs, urlPath, word } from './values.ts';

const PROCESS_KEYS: SectionKeys = {
  known: [
    'command',
    'port',
    'protocol',
    'readinessProbe',
    'metrics',
    'needs',
    'uses',
    'env',
    'files',
    'stopGracePeriod',
  ],
  later: ['livenessProbe', 'startupProbe', 'replicas', 'resources', 'image', 'workingDirectory', 'rollout'],
};
const PROBE_KEYS: SectionKeys = {
  known: ['httpGet', 'tcpSocket', 'periodSeconds', 'timeoutSeconds'],
  later: ['exec', 'grpc', 'initialDelaySeconds', 'failureThreshold', 'successThreshold'],
};
const HTTP_KEYS: SectionKeys = { known: ['path'], later: ['port', 'host', 'scheme', 'httpHeaders'] };
const CHAIN_KEYS: SectionKeys = { known: ['kind', 'network', 'port'], later: ['snapshot', 'resources', 'version'] };

/** What `serve` of `@plumb/rpc/node` speaks is `rpc`: the dictionary knows who calls there. */
const PROTOCOLS = ['http', 'tcp', 'rpc'] as const;
/** With its needs, they are what the dictionary keeps of a process. */
const USES_MAX = 100;
/** How long a process may take to end by itself; Compose gives the same. */
const STOP_GRACE_MS = 10_000;
/** Kubernetes asks every 10 s; a local request is cheap, and people wait for the answer. */
const PROBE_PERIOD_MS = 1_000;
/** As in Kubernetes. */
const PROBE_TIMEOUT_MS = 1_000;

export const readProcess: Reader<ProcessSpec> = (node, faults) => {
  const section = new Section(node, 'a process', PROCESS_KEYS, faults);
  const chosenPort = section.optional('port', port, undefined);
  for (const key of ['protocol', 'readinessProbe', 'metrics']) {
    if (section.has(key) && !section.has('port')) {
      faults.add(section.placeOf(key), `${key} is about the port of the process, and it has none: add "port: auto"`);
    }
  }
  const fallbackProbe: ProbeSpec = { kind: 'tcp', path: '/', periodMs: PROBE_PERIOD_MS, timeoutMs: PROBE_TIMEOUT_MS };
  const probe = section.optional('readinessProbe', readProbe, undefined);
  const guessed = probe?.kind === 'tcp' && !section.has('metrics') ? 'tcp' : 'http';
  return {
    command: section.required('command', command, 'the program and its arguments, like "node server.js"') ?? [],
    port: chosenPort,
    protocol: section.optional('protocol', word('protocol', PROTOCOLS), undefined) ?? guessed,
    readinessProbe: probe ?? (chosenPort === undefined ? undefined : fallbackProbe),
    metrics: section.optional('metrics', urlPath('metrics'), undefined),
    needs: section.optional('needs', readNeeds, []),
    uses: section.optional('uses', readUses, []),
    env: section.optional('env', readEnv, {}),
    files: section.optional('files', readFiles, []),
    stopGraceMs: section.optional('stopGracePeriod', stopGraceMs, STOP_GRACE_MS),
  };
};

export const readChain: Reader<ChainSpec> = (node, faults) => {
  const section = new Section(node, 'a chain', CHAIN_KEYS, faults);
  return {
    kind: section.required('kind', name('kind of chain'), 'the kind of chain, like "ethereum"') ?? '',
    network: section.required('network', name('network'), 'the network, like "dev"') ?? '',
    port: section.optional('port', port, 'auto'),
  };
};

function readProbe(node: Node, faults: Faults): ProbeSpec {
  const section = new Section(node, 'readinessProbe', PROBE_KEYS, faults);
  if (section.has('httpGet') === section.has('tcpSocket')) {
    faults.add(node, 'readinessProbe has one of "httpGet: /ready" and "tcpSocket: true"');
  }
  section.optional('tcpSocket', readTrue, undefined);
  return {
    kind: section.has('httpGet') ? 'http' : 'tcp',
    path: section.optional('httpGet', readHttpPath, '/'),
    periodMs: section.optional('periodSeconds', secondsMs('periodSeconds'), PROBE_PERIOD_MS),
    timeoutMs: section.optional('timeoutSeconds', secondsMs('timeoutSeconds'), PROBE_TIMEOUT_MS),
  };
}

function readHttpPath(node: Node, faults: Faults): string {
  if (node.kind !== 'map') return urlPath('httpGet')(node, faults);
  return (
    new Section(node, 'httpGet', HTTP_KEYS, faults).required('path', urlPath('path'), 'a path, like /ready') ?? '/'
  );
}

function readTrue(node: Node, faults: Faults): undefined {
  const isTrue = node.kind === 'scalar' && node.value === true;
  if (!isTrue) faults.add(node, `tcpSocket is true or absent, not ${describeNode(node)}`);
}

function readUses(node: Node, faults: Faults): readonly string[] {
  if (node.kind !== 'list') {
    faults.add(node, `uses is a list of services, like [ledger-api], not ${describeNode(node)}`);
    return [];
  }
  if (node.items.length > USES_MAX) faults.add(node, `a process uses at most ${USES_MAX} services`);
  return [...new Set(node.items.map((item) => name('name of a service')(item, faults)))];
}

/** `needs: { eth: ready }`, as in Compose, or `needs: [eth]`. */
function readNeeds(node: Node, faults: Faults): readonly string[] {
  if (node.kind === 'list') return [...new Set(node.items.map((item) => name('name of a component')(item, faults)))];
  const needs: string[] = [];
  for (const [key, { value }] of mapEntries(node, 'needs', faults)) {
    word('what is needed of a component', ['ready'])(value, faults);
    needs.push(key);
  }
  return needs;
}

function readEnv(node: Node, faults: Faults): Readonly<Record<string, string>> {
  const env: [string, string][] = [];
  for (const [key, { key: place, value }] of mapEntries(node, 'env', faults)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) {
      faults.add(
        place,
        `${quote(key)} is no name of an environment variable: letters, digits and "_", not a digit first`,
      );
    }
    if (key === 'PORT' || key === 'HOST' || key.startsWith('PLUMB_')) {
      faults.add(place, `${quote(key)} is set by Plumb for every process: choose another name, or set "port"`);
    }
    env.push([key, looseText(`the variable ${key}`)(value, faults)]);
  }
  return Object.fromEntries(env);
}
