import { type Command, duration, refuseMore, requireWord } from '../command.ts';
import { parseKey } from '../config-place.ts';
import { formatAge } from '../format-age.ts';
import { formatTable } from '../style.ts';

export const configWhoReads: Command = {
  name: 'config who-reads',
  summary: 'Show who reads a key, and when last.',
  usage: 'APPLICATION.KEY',
  details: 'Times are exact to the hour. Whoever read an object that the key is in is listed with that path.',
  examples: ['plumb config who-reads tipjar.mail.host', 'plumb config who-reads tipjar.title --json'],
  flags: {},
  async run(words, _flags, shell) {
    const key = parseKey(requireWord(words, 0, 'KEY'));
    refuseMore(words, 1);
    const readers = await (await shell.connect()).config.whoReads(key);
    if (shell.isJson) {
      shell.json(readers);
    } else if (readers.length === 0) {
      shell.err(`nobody was seen to read ${words[0]}`);
    } else {
      const { style, now } = shell;
      const rows = readers.map((reader) => [
        reader.instance,
        reader.component === undefined ? reader.application : `${reader.application}/${reader.component}`,
        reader.release ?? '-',
        reader.path === '' ? '(everything)' : reader.path,
        formatAge(reader.firstAt, now()),
        formatAge(reader.lastAt, now()),
        reader.isRunning ? style.green('● runs') : style.dim('○ gone'),
      ]);
      shell.out(formatTable(['READER', 'OF', 'RELEASE', 'READS', 'FIRST', 'LAST', ''], rows, style));
    }
    return 0;
  },
};

export const configUnused: Command = {
  name: 'config unused',
  summary: 'List keys that nobody reads, and since when.',
  usage: '[APPLICATION]',
  details: 'Only programs that read their configuration from Plumb are seen; a rendered file counts as one reader.',
  examples: ['plumb config unused', 'plumb config unused tipjar --for 30d'],
  flags: { for: { type: 'string', value: 'TIME', help: 'unread for at least this long (default: never read)' } },
  async run(words, flags, shell) {
    refuseMore(words, 1);
    const unusedForMs = duration(flags, 'for');
    const keys = await (await shell.connect()).config.unused({ application: words[0], unusedForMs });
    if (shell.isJson) {
      shell.json(keys);
    } else if (keys.length === 0) {
      shell.err('every key is read by somebody');
    } else {
      const { style, now } = shell;
      const rows = keys.map(({ application, key, since, lastReadAt }) => [
        `${application}.${key}`,
        formatAge(since, now()),
        lastReadAt === undefined ? 'never' : formatAge(lastReadAt, now()),
      ]);
      shell.out(formatTable(['KEY', 'UNUSED SINCE', 'LAST READ'], rows, style));
    }
    return 0;
  },
};
