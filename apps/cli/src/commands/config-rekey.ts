import { type Command, type ExitCode, refuseMore, text } from '../command.ts';
import { IDENTITY_FLAG, readIdentities } from '../config-identity.ts';
import { applicationName, parsePlace } from '../config-place.ts';
import { createProgressBar } from '../progress-bar.ts';
import { listSecrets, rekey, type RekeyOutcome } from '../rekey.ts';
import type { Shell } from '../shell.ts';

export const configRekey: Command = {
  name: 'config rekey',
  summary: 'Seal secrets again for those who should read them now, with your own key.',
  usage: '[APPLICATION]',
  details:
    'For after somebody came or went. What has the right readers is left as it is, so it can be ended and started again. It says what it could not open. Who could read a secret before still knows it: change those that matter.',
  examples: [
    'plumb config rekey',
    'plumb config rekey tipjar --env production',
    'plumb config rekey --identity old.key',
  ],
  flags: {
    env: { type: 'string', value: 'NAME', short: 'e', help: 'what is set for this environment only' },
    ...IDENTITY_FLAG,
  },
  async run(words, flags, shell) {
    refuseMore(words, 1);
    const env = text(flags, 'env');
    const environment = env === undefined ? undefined : parsePlace(env).environment;
    const named = words[0] === undefined ? undefined : applicationName(words[0]);
    const identities = await readIdentities(flags, shell);
    const { config } = await shell.connect();
    const applications =
      named === undefined ? [...new Set((await config.list({})).map(({ application }) => application))] : [named];
    const lists = await Promise.all(applications.map((application) => listSecrets(config, application, environment)));
    const secrets = lists.flat();
    const outcomes: RekeyOutcome[] = [];
    using bar = createProgressBar({ what: 'sealing', total: secrets.length }, shell);
    for await (const outcome of rekey(config, secrets, identities)) {
      outcomes.push(outcome);
      bar.step();
      if (shell.signal.aborted) break;
    }
    return report(outcomes, shell);
  },
};

function report(outcomes: readonly RekeyOutcome[], { isJson, json, out, err, style }: Shell): ExitCode {
  const failed = outcomes.filter((outcome) => outcome.kind === 'failed');
  if (isJson) {
    json(outcomes);
    return failed.length === 0 ? 0 : 1;
  }
  if (outcomes.length === 0) err('there are no secrets there');
  const count = (kind: RekeyOutcome['kind']): number => outcomes.filter((outcome) => outcome.kind === kind).length;
  if (count('sealed') > 0) out(`${secretsOf(count('sealed'))} sealed again`);
  if (count('current') > 0) out(`${secretsOf(count('current'))} already sealed for the right readers`);
  if (count('proposed') > 0) {
    out(`${secretsOf(count('proposed'))} waiting for a second person: "plumb config proposals" lists them`);
  }
  for (const { application, key, layer, reason } of failed) {
    err(`${style.red('✖')} ${application}.${key} in ${layer}: ${reason}`);
  }
  return failed.length === 0 ? 0 : 1;
}

function secretsOf(count: number): string {
  return count === 1 ? '1 secret is' : `${count} secrets are`;
}
