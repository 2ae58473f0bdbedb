import { OperatingError } from '@plumb/base';
import type { ConfigSource, SourceValue } from '../config-source.ts';
import { readVariables, type VariableOptions } from '../formats/variables.ts';

export type EnvironmentSourceOptions = VariableOptions & {
  /** What the names of this application's variables begin with, such as `TIPJAR_`. All others are left alone. */
  readonly prefix: string;
};

/**
 * Environment variables: `TIPJAR_MAIL__SMTP_HOST=mx` is `mail.smtpHost`. A text that is a number or a truth value is one;
 * names from `0` on are a list. Read once. `open` rejects with `invalid` where two variables contradict each other.
 * @throws OperatingError `invalid` without a prefix.
 */
export function environmentSource(options: EnvironmentSourceOptions): ConfigSource {
  const name = 'environment variables';
  const { prefix } = options;
  if (prefix === '') {
    throw new OperatingError(
      'invalid',
      'environment variables need a prefix, or all of them are taken: name one, like "TIPJAR_"',
    );
  }
  return {
    name,
    async open({ environment, publish }) {
      // Object.keys asks process.env for each name whether it is there, and takes twice as long.
      const names = Reflect.ownKeys(environment).filter((one) => typeof one === 'string' && one.startsWith(prefix));
      const variables = (names as string[]).flatMap((one) => {
        const text = environment[one];
        return text === undefined ? [] : { name: one, text };
      });
      const { values, faults } = readVariables(variables, options);
      if (faults.length > 0) {
        throw new OperatingError('invalid', `environment variable ${faults.map(({ reason }) => reason).join('; ')}`);
      }
      const said = new Map<string, SourceValue>();
      values.forEach(({ value, variable }, path) => {
        said.set(path, { value, origin: { source: name, variable: variable.name } });
      });
      publish({ values: said });
    },
  };
}
