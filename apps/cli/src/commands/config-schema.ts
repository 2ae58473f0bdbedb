import { OperatingError } from '@plumb/base';
import path from 'node:path';
import { type Command, refuseMore, requireWord } from '../command.ts';
import { APPLICATION_FLAG, readApplication } from '../config-place.ts';

export const configSchemaGet: Command = {
  name: 'config schema get',
  summary: 'Print the JSON Schema that the values of an application must fit.',
  usage: '',
  examples: ['plumb config schema get', 'plumb config schema get -a tipjar > schema.json'],
  flags: APPLICATION_FLAG,
  async run(words, flags, shell) {
    refuseMore(words, 0);
    const application = await readApplication(flags, shell);
    const found = await (await shell.connect()).config.schema({ application });
    if (found === undefined) {
      const advice = 'give it one with "plumb config schema set FILE"';
      throw new OperatingError('not-found', `${application} has no schema: ${advice}`);
    }
    if (shell.isJson) shell.json(found);
    else shell.out(JSON.stringify(found.schema, undefined, 2));
    return 0;
  },
};

export const configSchemaSet: Command = {
  name: 'config schema set',
  summary: 'Give an application a JSON Schema; from then on no value that does not fit can be set.',
  usage: 'FILE',
  details:
    'JSON Schema of draft 2020-12, as JSON or YAML. It is refused where a value in force does not fit, with each reason.',
  examples: ['plumb config schema set config.schema.yaml', 'plumb config schema set schema.json -a tipjar'],
  flags: APPLICATION_FLAG,
  async run(words, flags, shell) {
    const named = requireWord(words, 0, 'FILE');
    refuseMore(words, 1);
    const application = await readApplication(flags, shell);
    const { readSchemaFile } = await import('../schema-file.ts');
    const file = await readSchemaFile(path.resolve(shell.directory, named), named);
    const { config } = await shell.connect();
    const { revision } = await config.setSchema({ application, schema: file.schema }).catch(file.placeFaults);
    if (shell.isJson) shell.json({ application, revision });
    else shell.out(`values of ${application} must fit ${named} from now on`);
    return 0;
  },
};

export const configSchemaRemove: Command = {
  name: 'config schema remove',
  summary: 'Let the values of an application be anything again.',
  usage: '',
  examples: ['plumb config schema remove -a tipjar'],
  flags: APPLICATION_FLAG,
  async run(words, flags, shell) {
    refuseMore(words, 0);
    const application = await readApplication(flags, shell);
    const { revision } = await (await shell.connect()).config.setSchema({ application, schema: null });
    if (shell.isJson) shell.json({ application, revision });
    else shell.out(`the values of ${application} may be anything`);
    return 0;
  },
};
