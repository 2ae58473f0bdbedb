import type { ConfigEntry } from '@plumb/config-store';
import { type Command, refuseMore, requireWord, text, wholeNumber } from '../command.ts';
import { formatShort, formatValue } from '../config-format.ts';
import { LAYER_FLAGS, parseKey, PLACE_FLAGS, readCoordinates, readLayer } from '../config-place.ts';
import { formatAge } from '../format-age.ts';
import { formatTable, plainText } from '../style.ts';

export const configList: Command = {
  name: 'config list',
  summary: 'Show the values in force, and where each comes from.',
  usage: '[APPLICATION]',
  examples: [
    'plumb config list',
    'plumb config list tipjar --env production --region eu',
    'plumb config list tipjar --layer env:production --json',
  ],
  flags: { ...PLACE_FLAGS, layer: { ...LAYER_FLAGS.layer, help: 'the values of this layer only' } },
  async run(words, flags, { connect, out, err, json, isJson, style, now }) {
    refuseMore(words, 1);
    const layer = text(flags, 'layer') === undefined ? undefined : readLayer(flags);
    const { config } = await connect();
    const place = layer === undefined ? readCoordinates(flags) : { layer };
    const entries = await config.list({ application: words[0], ...place });
    if (isJson) {
      json(entries);
    } else if (entries.length === 0) {
      const where = layer === undefined ? '' : ` in ${layer}`;
      err(`nothing is configured${where}: set a value with "plumb config set ${words[0] ?? 'APPLICATION'}.KEY VALUE"`);
    } else {
      const row = (entry: ConfigEntry): string[] => [
        `${entry.application}.${entry.key}`,
        formatShort(entry.value),
        entry.layer,
        String(entry.revision),
        `${plainText(entry.author)}, ${formatAge(entry.at, now())}`,
      ];
      out(formatTable(['KEY', 'VALUE', 'LAYER', 'REVISION', 'CHANGED'], entries.map(row), style));
    }
    return 0;
  },
};

export const configHistory: Command = {
  name: 'config history',
  summary: 'Show who changed a value, when, and why.',
  usage: 'APPLICATION.KEY',
  examples: ['plumb config history tipjar.title', 'plumb config history tipjar.title --env production --limit 5'],
  flags: {
    ...LAYER_FLAGS,
    layer: { ...LAYER_FLAGS.layer, help: 'the changes in this layer only (default: in all of them)' },
    limit: { type: 'string', value: 'N', help: 'how many changes, latest first (default 20)' },
  },
  async run(words, flags, { connect, out, err, json, isJson, style, now }) {
    const key = parseKey(requireWord(words, 0, 'KEY'));
    refuseMore(words, 1);
    const limit = wholeNumber(flags, 'limit', { min: 1, max: 1_000 }) ?? 20;
    const layer = readLayer(flags);
    const changes = await (await connect()).config.history({ ...key, layer, limit });
    if (isJson) {
      json(changes);
    } else if (changes.length === 0) {
      err(`${words[0]} was never set${layer === undefined ? '' : ` in ${layer}`}`);
    } else {
      const rows = changes.map(({ revision, layer: own, value, author, approvedBy, at, comment }) => [
        String(revision),
        value === undefined ? style.dim('(unset)') : formatShort(value),
        own,
        `${plainText(author)}${approvedBy === undefined ? '' : ` with ${plainText(approvedBy)}`}, ${formatAge(at, now())}`,
        plainText(comment ?? ''),
      ]);
      out(formatTable(['REVISION', 'VALUE', 'LAYER', 'CHANGED', 'COMMENT'], rows, style));
    }
    return 0;
  },
};

export const configWatch: Command = {
  name: 'config watch',
  summary: 'Print the values in force, then every change as it happens.',
  usage: 'APPLICATION',
  examples: ['plumb config watch tipjar', 'plumb config watch tipjar --env production --json   # one document a line'],
  flags: PLACE_FLAGS,
  async run(words, flags, { connect, out, json, isJson, style, signal }) {
    const application = requireWord(words, 0, 'APPLICATION');
    refuseMore(words, 1);
    const { config } = await connect();
    for await (const event of config.watch({ application, ...readCoordinates(flags) }, { signal })) {
      if (isJson) {
        json(event, { isLine: true });
        continue;
      }
      const changes =
        event.kind === 'snapshot'
          ? Object.entries(event.values).map(([key, value]) => ({ key, value }))
          : event.changes;
      for (const { key, value } of changes) {
        const shown = value === undefined ? style.dim('(unset)') : `= ${formatValue(value)}`;
        out(`${style.dim(`[${event.revision}]`)} ${application}.${key} ${shown}`);
      }
    }
    return 0;
  },
};
