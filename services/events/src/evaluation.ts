/**
 * From what is wrong now to what changes: alerts, incidents, the journal, and who must be told. Pure; everything that
 * one evaluation changes is put in one transaction, so a crash leaves either all of it or nothing.
 *
 * Invariants: a subject has at most one incident that is not resolved; a notification is made only where an incident
 * opens, so an alert that joins a running incident, or one that survives a restart, tells nobody twice.
 */
import { assert, formatDuration } from '@plumb/base';
import { alertId, type AlertMemory, nextStepAt, stepAlert } from './alert-machine.ts';
import type { Incident, JournalKind } from './contract.ts';
import { type Finding, RULES } from './rules.ts';

/** Where a person can be reached: what is configured at the moment. */
export type Recipient = { readonly channel: 'email' | 'webhook'; readonly to: string };

/** What a person is told; rendered by `message.ts` for each channel. */
export type Notification = {
  readonly incidentId: string;
  readonly subject: string;
  readonly application: string | undefined;
  readonly title: string;
  readonly severity: 'critical' | 'warning';
  /** Epoch ms since which the condition holds. */
  readonly sinceAt: number;
  readonly what: string;
  readonly tried: string;
  readonly advice: string;
};

/** A notification on its way through one channel. `id` is the idempotency key: the same at every try. */
export type OutboxItem = Recipient & {
  readonly id: string;
  readonly notification: Notification;
  /** Tries that failed, and when the next one is due (epoch ms). */
  readonly failures: number;
  readonly dueAt: number;
};

/** Messages that may wait: a dead mail server must not fill the store. Beyond it a message fails at once. */
export const OUTBOX_ITEMS_MAX = 1_000;

export type JournalDraft = {
  readonly kind: JournalKind;
  readonly application?: string | undefined;
  readonly subject?: string | undefined;
  readonly text: string;
};

export type EvaluationInput = {
  readonly now: number;
  readonly findings: readonly Finding[];
  readonly memories: ReadonlyMap<string, AlertMemory>;
  /** Those that are not resolved. */
  readonly incidents: readonly Incident[];
  readonly recipients: readonly Recipient[];
  /** Messages that wait to be sent. */
  readonly outboxSize: number;
  readonly createId: () => string;
};

export type Evaluation = {
  /** All of them, for the next evaluation; those in `changed` are to be kept. */
  readonly memories: ReadonlyMap<string, AlertMemory>;
  readonly changed: readonly AlertMemory[];
  readonly incidents: readonly Incident[];
  readonly outbox: readonly OutboxItem[];
  readonly journal: readonly JournalDraft[];
  /** Epoch ms at which to evaluate again even if nothing happens. */
  readonly nextAt: number | undefined;
};

export function evaluate(input: EvaluationInput): Evaluation {
  const { now, findings, incidents } = input;
  const found = new Map(findings.map((finding) => [alertId(finding), finding]));
  const memories = new Map(input.memories);
  const changed = new Map<string, AlertMemory>();
  const touched = new Map(incidents.map((incident) => [incident.subject, incident]));
  const outbox: OutboxItem[] = [];
  const journal: JournalDraft[] = [];

  for (const id of new Set([...memories.keys(), ...found.keys()])) {
    const finding = found.get(id);
    const { memory, transition } = stepAlert(memories.get(id), finding, now);
    if (memory === undefined) continue;
    memories.set(id, memory);
    if (transition === 'none') continue;
    changed.set(id, memory);
    if (transition !== 'fired') continue;
    assert(finding !== undefined, 'an alert fires for a finding');
    const joined = touched.get(memory.alert.subject);
    const incident = joined === undefined ? openIncident(input, finding, memory, outbox, journal) : join(joined, id);
    touched.set(incident.subject, incident);
    const withIncident = { ...memory, alert: { ...memory.alert, incidentId: incident.id } };
    memories.set(id, withIncident);
    changed.set(id, withIncident);
  }

  for (const incident of touched.values()) {
    const isLasting = incident.alerts.some((id) => memories.get(id)?.alert.state === 'firing');
    if (isLasting) continue;
    touched.set(incident.subject, { ...incident, state: 'resolved', resolvedAt: now });
    journal.push({
      ...about(incident),
      text: `incident resolved: the trouble of ${incident.subject} is over after ${formatDuration(now - incident.openedAt)}`,
    });
  }
  const times = [...memories.values()].map(nextStepAt).filter((at) => at !== undefined);
  return {
    memories,
    changed: [...changed.values()],
    incidents: [...touched.values()].filter((incident) => !incidents.includes(incident)),
    outbox,
    journal,
    nextAt: times.length === 0 ? undefined : Math.min(...times),
  };
}

function openIncident(
  { now, recipients, outboxSize, createId }: EvaluationInput,
  finding: Finding,
  { alert }: AlertMemory,
  outbox: OutboxItem[],
  journal: JournalDraft[],
): Incident {
  const { title, severity } = RULES[finding.rule];
  const isFull = outboxSize + outbox.length + recipients.length > OUTBOX_ITEMS_MAX;
  const delivery = isFull
    ? { state: 'failed' as const, error: `${OUTBOX_ITEMS_MAX} messages wait already: repair the mail server` }
    : { state: 'pending' as const };
  const incident: Incident = {
    id: createId(),
    subject: finding.subject,
    application: finding.application,
    title: `${finding.subject}: ${title}`,
    state: 'open',
    openedAt: now,
    alerts: [alert.id],
    notifications: recipients.map(({ channel, to }) => ({ channel, to, at: now, ...delivery })),
  };
  const { what, tried, advice, subject, application } = finding;
  const base = { incidentId: incident.id, subject, application, title: incident.title, severity };
  const notification: Notification = { ...base, sinceAt: alert.activeAt, what, tried, advice };
  for (const recipient of isFull ? [] : recipients) {
    outbox.push({ ...recipient, id: `${incident.id}-${recipient.channel}`, notification, failures: 0, dueAt: now });
  }
  journal.push({ ...about(incident), text: `incident opened: ${what}` });
  if (recipients.length === 0) {
    const hint = 'plumb config set plumb.notify.email.to YOU@EXAMPLE.ORG';
    journal.push({ ...about(incident), kind: 'notify', text: `nobody is configured to be told: ${hint}` });
  }
  return incident;
}

function join(incident: Incident, id: string): Incident {
  return incident.alerts.includes(id) ? incident : { ...incident, alerts: [...incident.alerts, id] };
}

function about({ application, subject }: Incident): Omit<JournalDraft, 'text'> {
  return { kind: 'incident', application, subject };
}
