import type { ConfigEntry } from '@plumb/config-store';
import { OperatingError } from '@plumb/base';
import { type Command, refuseMore, requireWord, text, UsageError, wholeNumber } from '../command.ts';
import { configAdvice } from '../config-advice.ts';
import { formatAge } from '../format-age.ts';
import { formatTable, plainText } from '../style.ts';

type Key = { readonly application: string; readonly key: string };

/** `tipjar.mail.host`: the application, then the key within it. */
function parseKey(word: string): Key {
  const dot = word.indexOf('.');
  if (dot < 1 || dot === word.length - 1) {
    throw new UsageError(`"${word}" is not a key: write APPLICATION.KEY, like tipjar.title`);
  }
  return { application: word.slice(0, dot), key: word.slice(dot + 1) };
}

/** JSON where it is JSON (numbers, true, lists), text otherwise: so that both `0.5` and `Tip jar` can be written as they are. */
function parseValue(word: string, isText: boolean): ConfigEntry['value'] {
  if (isText) return word;
  try {
    return JSON.parse(word) as ConfigEntry['value'];
  } catch {
    return word;
  }
}

function formatValue(value: unknown): string {
  return typeof value === 'string' ? plainText(value) : JSON.stringify(value);
}

export const configGet: Command = {
  name: 'config get',
  summary: 'Print one configuration value.',
  usage: 'APPLICATION.KEY',
  examples: [
    'plumb config get tipjar.title',
    'plumb config get tipjar.title --json   # with layer, revision and author',
  ],
  flags: {},
  async run(words, _flags, { connect, out, json, isJson }) {
    const key = parseKey(requireWord(words, 0, 'KEY'));
    refuseMore(words, 1);
    const entry = await (await connect()).config.get(key);
    if (entry === undefined) {
      throw new OperatingError(
        'not-found',
        `${words[0]} has no value: list what there is with "plumb config list ${key.application}"`,
      );
    }
    if (isJson) json(entry);
    else out(formatValue(entry.value));
    return 0;
  },
};

export const configSet: Command = {
  name: 'config set',
  summary: 'Set one configuration value; every subscribed process gets it at once.',
  usage: 'APPLICATION.KEY VALUE',
  details:
    'VALUE is read as JSON where it is JSON (0.5, true, ["a","b"]) and as text otherwise; --text takes it as text always.',
  examples: [
    'plumb config set tipjar.title "Coffee fund"',
    'plumb config set tipjar.min-tip 0.01 --if-revision 41 --comment "fees rose"',
  ],
  flags: {
    'if-revision': {
      type: 'string',
      value: 'N',
      help: 'store only over this revision; 0 for "only if it has no value"',
    },
    comment: { type: 'string', value: 'TEXT', help: 'why, for the history' },
    text: { type: 'boolean', help: 'take VALUE as text even if it is JSON' },
  },
  async run(words, flags, { connect, out, err, json, isJson, style }) {
    const key = parseKey(requireWord(words, 0, 'KEY'));
    const value = parseValue(requireWord(words, 1, 'VALUE'), flags['text'] === true);
    refuseMore(words, 2);
    const ifRevision = wholeNumber(flags, 'if-revision', { min: 0, max: Number.MAX_SAFE_INTEGER });
    const { config, deploy } = await connect();
    // Who may set may not always look: then there is nothing to say.
    const [entries, applications] = await Promise.all([
      config.list({ application: key.application }).catch(() => undefined),
      deploy.status({}).catch(() => undefined),
    ]);
    const outcome = await config.set({ ...key, value, ifRevision, comment: text(flags, 'comment') });
    if (isJson) json(outcome);
    if (outcome.kind === 'conflict') {
      err(`${words[0]} was not set: it is at revision ${outcome.current?.revision ?? 0}, not ${ifRevision}`);
      err(`read it with "plumb config get ${words[0]} --json", then try again`);
      return 1;
    }
    if (isJson) return 0;
    if (outcome.kind === 'proposed') {
      out(`${words[0]} waits for a second person, as proposal ${outcome.proposal}`);
      return 0;
    }
    out(`${words[0]} is now at revision ${outcome.revision}`);
    if (entries === undefined || applications === undefined) return 0;
    const isDeployed = applications.some(({ name }) => name === key.application);
    const advice = configAdvice({ ...key, value, entries, isDeployed });
    if (advice !== undefined) err(`${style.yellow('!')} ${advice}`);
    return 0;
  },
};

export const configUnset: Command = {
  name: 'config unset',
  summary: 'Take a set value back, so that the one of plumb.yaml is in force again.',
  usage: 'APPLICATION.KEY',
  examples: ['plumb config unset tipjar.title'],
  flags: { comment: { type: 'string', value: 'TEXT', help: 'why, for the history' } },
  async run(words, flags, { connect, out, json, isJson }) {
    const key = parseKey(requireWord(words, 0, 'KEY'));
    refuseMore(words, 1);
    const { config } = await connect();
    const outcome = await config.unset({ ...key, comment: text(flags, 'comment') });
    if (isJson) {
      json(outcome);
      return 0;
    }
    const entry = await config.get(key);
    out(
      entry === undefined
        ? `${words[0]} has no value now`
        : `${words[0]} is ${formatValue(entry.value)} again, as plumb.yaml says`,
    );
    return 0;
  },
};

export const configList: Command = {
  name: 'config list',
  summary: 'Show the values in force, and where each comes from.',
  usage: '[APPLICATION]',
  examples: ['plumb config list', 'plumb config list tipjar --json'],
  flags: {},
  async run(words, _flags, { connect, out, err, json, isJson, style, now }) {
    refuseMore(words, 1);
    const entries = await (await connect()).config.list({ application: words[0] });
    if (isJson) {
      json(entries);
    } else if (entries.length === 0) {
      err(`nothing is configured: set a value with "plumb config set ${words[0] ?? 'APPLICATION'}.KEY VALUE"`);
    } else {
      const row = (entry: ConfigEntry): string[] => [
        `${entry.application}.${entry.key}`,
        formatValue(entry.value),
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
  examples: ['plumb config history tipjar.title', 'plumb config history tipjar.title --limit 5'],
  flags: { limit: { type: 'string', value: 'N', help: 'how many changes, latest first (default 20)' } },
  async run(words, flags, { connect, out, err, json, isJson, style, now }) {
    const key = parseKey(requireWord(words, 0, 'KEY'));
    refuseMore(words, 1);
    const limit = wholeNumber(flags, 'limit', { min: 1, max: 1_000 }) ?? 20;
    const changes = await (await connect()).config.history({ ...key, limit });
    if (isJson) {
      json(changes);
    } else if (changes.length === 0) {
      err(`${words[0]} was never set`);
    } else {
      const rows = changes.map(({ revision, layer, value, author, at, comment }) => [
        String(revision),
        value === undefined ? style.dim('(unset)') : formatValue(value),
        layer,
        `${plainText(author)}, ${formatAge(at, now())}`,
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
  examples: ['plumb config watch tipjar', 'plumb config watch tipjar --json   # one document a line'],
  flags: {},
  async run(words, _flags, { connect, out, json, isJson, style, signal }) {
    const application = requireWord(words, 0, 'APPLICATION');
    refuseMore(words, 1);
    const { config } = await connect();
    for await (const event of config.watch({ application }, { signal })) {
      if (isJson) {
        json(event, { isLine: true });
        continue;
      }
      const changes =
        event.kind === 'snapshot'
          ? Object.entries(event.values).map(([key, value]) => ({ key, value }))
          : event.changes;
      for (const { key, value } of changes) {
        out(
          `${style.dim(`[${event.revision}]`)} ${application}.${key} ${value === undefined ? style.dim('(unset)') : `= ${formatValue(value)}`}`,
        );
      }
    }
    return 0;
  },
};
