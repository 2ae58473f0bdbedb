import type { Instance, RegistryClient, Service } from '@plumb/registry';
import { type Command, type ExitCode, refuseMore, requireWord, UsageError } from '../command.ts';
import type { Shell } from '../shell.ts';
import { formatTable, paintState, plainText } from '../style.ts';
import { printDrift, printUsedBy } from './service-evidence.ts';

export const services: Command = {
  name: 'services',
  summary: 'List the services of the dictionary, who uses one, and what differs from what is declared.',
  usage: '[APPLICATION | SERVICE]',
  details: `--used-by SERVICE answers what breaks if it goes: who declares to need it, who called it and when last, and
who asked for its address. Calls are seen by programs that serve with @plumb/registry/instance, and by Plumb itself,
whose own services are called plumb-config, plumb-registry and so on.
--drift lists services that are declared and were never seen, that are seen and not declared, and calls of services that
the caller's manifest does not name.`,
  examples: [
    'plumb services',
    'plumb services tipjar --json',
    'plumb services tipjar-web --used-by',
    'plumb services --drift',
  ],
  flags: {
    'used-by': { type: 'boolean', help: 'who uses the service that is named' },
    drift: { type: 'boolean', help: 'what differs between what is declared and what is seen' },
  },
  async run(words, flags, shell) {
    refuseMore(words, 1);
    if (flags['used-by'] === true && flags['drift'] === true)
      throw new UsageError('--used-by and --drift are two questions: ask one');
    const [name] = words;
    if (flags['used-by'] === true)
      return printUsedBy(requireWord(words, 0, 'SERVICE'), (await shell.connect()).registry, shell);
    const { registry } = await shell.connect();
    if (flags['drift'] === true) return printDrift(name, registry, shell);
    return printServices(name, registry, shell);
  },
};

type WithInstances = Service & { readonly instances: readonly Instance[] };

async function printServices(name: string | undefined, registry: RegistryClient, shell: Shell): Promise<ExitCode> {
  const { out, err, json, isJson, style } = shell;
  const list = (await registry.services({})).filter(
    (service) => name === undefined || service.application === name || service.name === name,
  );
  const withInstances: WithInstances[] = await Promise.all(
    list.map(async (service) => ({
      ...service,
      instances: (await registry.resolve({ service: service.name, includeUnready: true })).instances,
    })),
  );
  if (isJson) {
    json(withInstances);
    return 0;
  }
  if (list.length === 0) {
    const what =
      name === undefined ? 'no service is declared' : `${name} is no application with services, and no service`;
    err(`${what}: deploy an application with "plumb deploy"`);
    return 0;
  }
  const row = (service: WithInstances): string[] => {
    const ready = service.instances.filter(({ health }) => health.state === 'ready').length;
    return [
      service.name,
      service.protocol,
      `${ready} of ${service.instances.length}`,
      service.needs.join(', ') || '-',
      service.application,
    ];
  };
  out(formatTable(['SERVICE', 'PROTOCOL', 'READY', 'NEEDS', 'APPLICATION'], withInstances.map(row), style));
  const { length } = await registry.drift({});
  const things = length === 1 ? 'one thing differs' : `${length} things differ`;
  if (length > 0) err(`${style.yellow('◐')} ${things} from what is declared: see "plumb services --drift"`);
  return 0;
}

export const resolve: Command = {
  name: 'resolve',
  summary: 'Print where a service can be reached now.',
  usage: 'SERVICE',
  examples: [
    'plumb resolve tipjar-web',
    'curl "http://$(plumb resolve tipjar-web | head -1)/ready"',
    'plumb resolve tipjar-web --all',
  ],
  flags: { all: { type: 'boolean', help: 'also instances that are not ready, with their health' } },
  async run(words, flags, { connect, out, err, json, isJson, style }) {
    const service = requireWord(words, 0, 'SERVICE');
    refuseMore(words, 1);
    const includeUnready = flags['all'] === true;
    const { instances } = await (await connect()).registry.resolve({ service, includeUnready });
    if (isJson) {
      json(instances);
      return 0;
    }
    if (instances.length === 0) {
      err(
        `${service} has no ${includeUnready ? '' : 'ready '}instance${includeUnready ? '' : ': see all of them with --all'}`,
      );
      return 1;
    }
    for (const { address, port, health } of instances) {
      out(
        includeUnready
          ? `${address}:${port}  ${paintState(style, health.state)}  ${plainText(health.reason ?? '')}`.trimEnd()
          : `${address}:${port}`,
      );
    }
    return 0;
  },
};
