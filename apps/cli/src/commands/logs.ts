import { type Command, refuseMore, requireWord, UsageError, wholeNumber } from '../command.ts';
import { formatTime } from '../format-age.ts';
import { plainText } from '../style.ts';

export const logs: Command = {
  name: 'logs',
  summary: 'Print what an application, or one of its units, writes.',
  usage: 'APPLICATION[/UNIT]',
  examples: ['plumb logs tipjar', 'plumb logs tipjar/web -f', 'plumb logs tipjar --tail 500 --json'],
  flags: {
    follow: { type: 'boolean', short: 'f', help: 'go on with each further line, until Ctrl-C' },
    tail: { type: 'string', value: 'N', help: 'how many past lines (default 100)' },
  },
  async run(words, flags, { connect, out, json, isJson, style, signal }) {
    const word = requireWord(words, 0, 'APPLICATION');
    const [application = '', component, ...rest] = word.split('/');
    refuseMore(words, 1);
    if (rest.length > 0) throw new UsageError(`"${word}" is not a unit: write APPLICATION/UNIT, like tipjar/web`);
    const { deploy } = await connect();
    const tail = wholeNumber(flags, 'tail', { min: 0, max: 5_000 });
    const lines = deploy.logs({ application, component, tail, follow: flags['follow'] === true }, { signal });
    for await (const line of lines) {
      if (isJson) {
        json(line, { isLine: true });
        continue;
      }
      const paint =
        line.stream === 'stderr' ? style.red : line.stream === 'plumb' ? style.cyan : (text: string): string => text;
      out(
        `${style.dim(formatTime(line.at))} ${style.bold(line.unit.split('/')[1] ?? line.unit)} ${paint(plainText(line.line))}`,
      );
    }
    return 0;
  },
};
