import type { Instance, Service } from '@plumb/registry';
import { type Command, refuseMore, requireWord } from '../command.ts';
import { formatTable, paintState, plainText } from '../style.ts';

export const services: Command = {
  name: 'services',
  summary: 'List the services of the dictionary and their instances.',
  usage: '[APPLICATION]',
  examples: ['plumb services', 'plumb services tipjar --json'],
  flags: {},
  async run(words, _flags, { connect, out, err, json, isJson, style }) {
    refuseMore(words, 1);
    const { registry } = await connect();
    const list = await registry.services({ application: words[0] });
    const withInstances = await Promise.all(
      list.map(async (service) => ({
        ...service,
        instances: (await registry.resolve({ service: service.name, includeUnready: true })).instances,
      })),
    );
    if (isJson) {
      json(withInstances);
    } else if (list.length === 0) {
      err('no service is declared: deploy an application with "plumb deploy"');
    } else {
      const row = (service: Service & { instances: readonly Instance[] }): string[] => {
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
    }
    return 0;
  },
};

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
