import type { Alert, EventsClient, Incident } from '@plumb/events';
import { type Command, type ExitCode, refuseMore, text, wholeNumber } from '../command.ts';
import { formatAge, formatDateTime } from '../format-age.ts';
import type { Shell } from '../shell.ts';
import { paintState, plainText } from '../style.ts';

export const alerts: Command = {
  name: 'alerts',
  summary: 'Show open incidents and what is about to become one.',
  usage: '',
  examples: ['plumb alerts', 'plumb alerts --test', 'plumb alerts --acknowledge 01JZ4K8Q2MXVWB3D'],
  flags: {
    all: { type: 'boolean', help: 'also what is resolved' },
    test: { type: 'boolean', help: 'send a test message to everybody who is told of trouble' },
    acknowledge: { type: 'string', value: 'ID', help: 'say that you look after this incident' },
  },
  async run(words, flags, shell) {
    refuseMore(words, 0);
    const { events } = await shell.connect();
    const incidentId = text(flags, 'acknowledge');
    if (incidentId !== undefined) {
      const incident = await events.acknowledge({ incidentId });
      if (shell.isJson) shell.json(incident);
      else shell.out(`${incident.title}: acknowledged by ${incident.acknowledgedBy ?? 'you'}`);
      return 0;
    }
    if (flags['test'] === true) return testNotification(events, shell);
    const includeResolved = flags['all'] === true;
    const [incidents, list] = await Promise.all([
      events.incidents({ includeResolved }),
      events.alerts({ includeResolved }),
    ]);
    if (shell.isJson) shell.json({ incidents, alerts: list });
    else if (incidents.length === 0 && list.length === 0)
      shell.out(shell.style.green('● all is well: no incident and no alert'));
    else print(incidents, list, shell);
    return 0;
  },
};

/** A mail server may take its time. */
const SEND_TIMEOUT_MS = 60_000;

async function testNotification(events: EventsClient, { out, err, json, isJson, style }: Shell): Promise<ExitCode> {
  const results = await events.testNotification({}, { timeoutMs: SEND_TIMEOUT_MS });
  if (isJson) json(results);
  else if (results.length === 0)
    err(
      'nobody is told: set plumb.notify.email.to and plumb.notify.smtp.url, or plumb.notify.webhook.url, with "plumb config set"',
    );
  else {
    for (const { channel, to, error } of results) {
      const name = `${channel} to ${plainText(to)}`;
      out(
        error === undefined
          ? `${style.green('✓')} ${name} was accepted`
          : `${style.red('✖')} ${name} failed: ${plainText(error)}`,
      );
    }
  }
  return results.length > 0 && results.every(({ error }) => error === undefined) ? 0 : 1;
}

function print(incidents: readonly Incident[], list: readonly Alert[], { out, style, now }: Shell): void {
  for (const incident of incidents) {
    out(
      `${paintState(style, incident.state)} ${style.bold(plainText(incident.title))} ${style.dim(`${incident.id}, ${formatAge(incident.openedAt, now())}`)}`,
    );
    for (const { channel, to, state, error } of incident.notifications) {
      out(`    ${channel} to ${plainText(to)}: ${state}${error === undefined ? '' : ` (${plainText(error)})`}`);
    }
  }
  for (const alert of list) {
    out(
      `  ${paintState(style, alert.state)} ${alert.rule}, ${formatAge(alert.activeAt, now())}: ${plainText(alert.summary)}`,
    );
  }
}

export const journal: Command = {
  name: 'journal',
  summary: 'Show what Plumb did by itself: one quiet line each.',
  usage: '[APPLICATION]',
  examples: ['plumb journal', 'plumb journal tipjar --limit 10', 'plumb journal -f --json'],
  flags: {
    limit: { type: 'string', value: 'N', help: 'how many lines (default 50)' },
    follow: { type: 'boolean', short: 'f', help: 'go on with each further line, until Ctrl-C' },
  },
  async run(words, flags, { connect, out, err, json, isJson, style, signal }) {
    refuseMore(words, 1);
    const { events } = await connect();
    const [application] = words;
    const limit = wholeNumber(flags, 'limit', { min: 1, max: 1_000 }) ?? 50;
    const past = await events.journal({ application, limit });
    const seen = new Set<string>();
    const show = (entry: (typeof past)[number]): void => {
      if (seen.has(entry.id)) return;
      seen.add(entry.id);
      if (isJson) json(entry, { isLine: true });
      else out(`${style.dim(formatDateTime(entry.at))} ${style.cyan(entry.kind.padEnd(8))} ${plainText(entry.text)}`);
    };
    if (isJson && flags['follow'] !== true) {
      json(past);
      return 0;
    }
    past.toReversed().forEach(show);
    if (past.length === 0)
      err(
        application === undefined
          ? 'the journal is empty: Plumb has not had to do anything yet'
          : `the journal has no line about "${application}"`,
      );
    if (flags['follow'] !== true) return 0;
    for await (const event of events.watch({ application }, { signal })) event.journal.toReversed().forEach(show);
    return 0;
  },
};
