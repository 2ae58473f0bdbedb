/** `restart`, `stop` and `remove`: what a person does to what runs. */
import type { DeployClient } from '@plumb/deploy';
import { type Command, refuseMore, requireWord, UsageError } from '../command.ts';

type UnitInput = { readonly application: string; readonly component: string };

function unitCommand(
  name: string,
  summary: string,
  done: string,
  act: (deploy: DeployClient, unit: UnitInput) => Promise<unknown>,
): Command {
  return {
    name,
    summary,
    usage: 'APPLICATION/UNIT',
    examples: [`plumb ${name} tipjar/web`],
    flags: {},
    async run(words, _flags, { connect, out, json, isJson }) {
      const word = requireWord(words, 0, 'APPLICATION/UNIT');
      refuseMore(words, 1);
      const [application, component, ...rest] = word.split('/');
      if (!application || !component || rest.length > 0)
        throw new UsageError(`"${word}" is not a unit: write APPLICATION/UNIT, like tipjar/web`);
      await act((await connect()).deploy, { application, component });
      if (isJson) json({ application, component });
      else out(`${word} ${done}`);
      return 0;
    },
  };
}

export const restart = unitCommand(
  'restart',
  'Stop a unit gracefully and start it again; also after a crash loop.',
  'restarts',
  (deploy, unit) => deploy.restart(unit),
);

export const stop = unitCommand(
  'stop',
  'Stop a unit until it is restarted or deployed again.',
  'is stopped',
  (deploy, unit) => deploy.stop(unit),
);

export const remove: Command = {
  name: 'remove',
  summary: 'Stop an application and take it out of the dictionary. Its configuration and history stay.',
  usage: 'APPLICATION',
  examples: ['plumb remove tipjar'],
  flags: {},
  async run(words, _flags, { connect, out, json, isJson }) {
    const application = requireWord(words, 0, 'APPLICATION');
    refuseMore(words, 1);
    await (await connect()).deploy.remove({ application });
    if (isJson) json({ application });
    else out(`${application} is removed; its configuration is kept`);
    return 0;
  },
};
