import type { Gate, Stage } from '@plumb/config-store';
import { type Command, duration, type Flags, text, UsageError } from '../command.ts';
import { COMMENT_FLAG } from '../config-outcome.ts';
import { LAYER_FLAGS, parseKey, readLayer } from '../config-place.ts';
import { parseNumbers, parseValue } from '../config-words.ts';
import { printRollout } from '../config-rollout-lines.ts';

export const configRolloutStart: Command = {
  name: 'config rollout start',
  summary: 'Give a change to a few instances first, and to the others while it goes well.',
  usage: 'APPLICATION.KEY VALUE [APPLICATION.KEY VALUE]…',
  details:
    'Without --percent or --instances the stages are 5, 25, 50 and 100 percent. A gate is a PromQL query that must stay at most, or at least, a number: once it does not, everybody has the old value again. Without a gate and --hold, each stage waits for "plumb config rollout widen".',
  examples: [
    'plumb config rollout start shop.cache.size 512 --percent 5,25,100 --hold 5m',
    "plumb config rollout start shop.retries 5 --gate 'sum(rate(http_errors_total[1m])) <= 0.5' --hold 2m",
    'plumb config rollout start shop.mode fast shop.mode-limit 9 --instances 1,5 --env production',
  ],
  flags: {
    ...LAYER_FLAGS,
    percent: { type: 'string', value: 'N,…', help: 'the share of instances of each stage' },
    instances: { type: 'string', value: 'N,…', help: 'the number of instances of each stage' },
    hold: { type: 'string', value: 'TIME', help: 'how long a stage must go well before the next begins' },
    gate: { type: 'string', value: "'QUERY <= N'", help: 'what must stay true; also with >=' },
    text: { type: 'boolean', help: 'take each VALUE as text even if it is JSON' },
    ...COMMENT_FLAG,
  },
  async run(words, flags, shell) {
    const { application, changes } = readChanges(words, flags);
    const stages = readStages(flags);
    const holdMs = duration(flags, 'hold');
    const gate = parseGate(text(flags, 'gate'));
    const comment = text(flags, 'comment');
    const { config } = await shell.connect();
    const rollout = await config.startRollout({ application, changes, stages, holdMs, gate, comment });
    printRollout(rollout, shell);
    if (!shell.isJson) shell.err(`follow it with "plumb config rollout status ${rollout.id} --watch"`);
    return 0;
  },
};

function readChanges(
  words: readonly string[],
  flags: Flags,
): {
  readonly application: string;
  readonly changes: { key: string; layer?: string; value: ReturnType<typeof parseValue> }[];
} {
  const layer = readLayer(flags);
  const isText = flags['text'] === true;
  const pairs = words.flatMap((word, index) => {
    if (index % 2 === 1) return [];
    const value = words[index + 1];
    if (value === undefined) throw new UsageError(`${word} has no VALUE`);
    return [{ ...parseKey(word), value: parseValue(value, { isText }) }];
  });
  const [first] = pairs;
  if (first === undefined) throw new UsageError('APPLICATION.KEY is missing');
  const other = pairs.find(({ application }) => application !== first.application);
  if (other !== undefined) {
    throw new UsageError(`a rollout is of one application, not of ${first.application} and ${other.application}`);
  }
  const changes = pairs.map(({ key, value }) => ({ key, value, ...(layer !== undefined && { layer }) }));
  return { application: first.application, changes };
}

function readStages(flags: Flags): Stage[] | undefined {
  const [percent, instances] = [text(flags, 'percent'), text(flags, 'instances')];
  if (percent !== undefined && instances !== undefined) {
    throw new UsageError('stages are percentages or numbers of instances: leave out --percent or --instances');
  }
  if (percent !== undefined) {
    const shares = parseNumbers(percent, { flag: 'percent', min: 0.01, max: 100, isWhole: false });
    requireGrowth(shares, 'percent');
    return shares.map((share) => ({ percent: share }));
  }
  if (instances === undefined) return undefined;
  const counts = parseNumbers(instances, { flag: 'instances', min: 1, max: 10_000, isWhole: true });
  requireGrowth(counts, 'instances');
  return counts.map((count) => ({ instances: count }));
}

function requireGrowth(stages: readonly number[], flag: string): void {
  const isGrowing = stages.every((stage, i) => i === 0 || stage > (stages[i - 1] ?? 0));
  if (!isGrowing) throw new UsageError(`--${flag} must grow from stage to stage, unlike ${stages.join(',')}`);
}

/** `QUERY <= N` or `QUERY >= N`. @throws UsageError. */
export function parseGate(given: string | undefined): Gate | undefined {
  if (given === undefined) return undefined;
  const [, query = '', sign, limit] = /^\s*(.+?)\s*(<=|>=)\s*(-?\d+(?:\.\d+)?(?:e-?\d+)?)\s*$/is.exec(given) ?? [];
  if (sign === undefined) {
    throw new UsageError(`--gate takes 'QUERY <= NUMBER' or 'QUERY >= NUMBER', not "${given}"`);
  }
  return { query, ...(sign === '<=' ? { max: Number(limit) } : { min: Number(limit) }) };
}
