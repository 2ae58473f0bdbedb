/** What other packages may know of events: alerts, incidents and the journal. */
import type { Client, Contract, Handlers } from '@plumb/rpc';
import * as v from 'valibot';

/** Keys of the configuration of the application `plumb` that say who is told, and how. */
export const notifyKeys = ['notify.email.from', 'notify.email.to', 'notify.smtp.url', 'notify.webhook.url'] as const;

/** `pending`: the condition holds, but not yet for as long as the rule asks. */
export const alertStates = ['pending', 'firing', 'resolved'] as const;

export const alertSchema = v.object({
  /** Rule and subject: stable while the trouble lasts and when it comes back. */
  id: v.string(),
  rule: v.string(),
  /** What it is about: a unit `APPLICATION/COMPONENT`. */
  subject: v.string(),
  application: v.optional(v.string()),
  state: v.picklist(alertStates),
  severity: v.picklist(['critical', 'warning']),
  /** What is wrong, with values, then what to do. */
  summary: v.string(),
  /** Epoch ms at which the condition began to hold, and at which it fired and ended. */
  activeAt: v.number(),
  firedAt: v.optional(v.number()),
  resolvedAt: v.optional(v.number()),
  incidentId: v.optional(v.string()),
});

/** Trouble that needs a person: all alerts of one subject while it lasts. One notification when it opens. */
export const incidentSchema = v.object({
  id: v.string(),
  subject: v.string(),
  application: v.optional(v.string()),
  title: v.string(),
  state: v.picklist(['open', 'acknowledged', 'resolved']),
  openedAt: v.number(),
  acknowledgedBy: v.optional(v.string()),
  resolvedAt: v.optional(v.number()),
  alerts: v.array(v.string()),
  /** What was sent where, and whether it arrived. */
  notifications: v.array(
    v.object({
      channel: v.picklist(['email', 'webhook']),
      to: v.string(),
      state: v.picklist(['pending', 'sent', 'failed']),
      at: v.number(),
      error: v.optional(v.string()),
    }),
  ),
});

export const journalKinds = ['heal', 'give-up', 'deploy', 'incident', 'notify', 'system'] as const;

export const journalEntrySchema = v.object({
  id: v.string(),
  /** Epoch ms. */
  at: v.number(),
  kind: v.picklist(journalKinds),
  application: v.optional(v.string()),
  subject: v.optional(v.string()),
  /** One line: what happened, and what was done. */
  text: v.string(),
});

export const ruleSchema = v.object({
  name: v.string(),
  title: v.string(),
  severity: v.picklist(['critical', 'warning']),
  /** How long the condition must hold before the alert fires. */
  forMs: v.number(),
});

const limit = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000)));

export const eventsContract = {
  /** Pending and firing alerts; with `includeResolved` also those that ended in the last day. Newest first. */
  alerts: {
    summary: 'List what is wrong, or about to be, newest first.',
    input: v.object({ includeResolved: v.optional(v.boolean()) }),
    output: v.array(alertSchema),
    scope: 'events:read',
    idempotent: 'read',
  },
  incidents: {
    summary: 'List the trouble that needs a person.',
    input: v.object({ includeResolved: v.optional(v.boolean()), limit }),
    output: v.array(incidentSchema),
    scope: 'events:read',
    idempotent: 'read',
  },
  /** @throws OperatingError `not-found`. Safe to call twice. */
  acknowledge: {
    summary: 'Tell the others that you look after an incident.',
    input: v.object({ incidentId: v.string() }),
    output: incidentSchema,
    scope: 'events:write',
  },
  /** Latest first. `beforeId` pages on. */
  journal: {
    summary: 'Read what Plumb did by itself, latest first.',
    input: v.object({ application: v.optional(v.string()), limit, beforeId: v.optional(v.string()) }),
    output: v.array(journalEntrySchema),
    scope: 'events:read',
    idempotent: 'read',
  },
  rules: {
    summary: 'List the rules that raise alerts.',
    input: v.object({}),
    output: v.array(ruleSchema),
    scope: 'events:read',
    idempotent: 'read',
  },
  /** Sends a test message through every configured channel and says what became of each. */
  testNotification: {
    summary: 'Send a test message through every configured channel.',
    input: v.object({}),
    output: v.array(
      v.object({ channel: v.picklist(['email', 'webhook']), to: v.string(), error: v.optional(v.string()) }),
    ),
    scope: 'events:write',
  },
  /** A snapshot (unresolved alerts and incidents, the last 50 journal entries), then whatever is put. */
  watch: {
    summary: 'Follow alerts, incidents and the journal: what is open, then each change.',
    input: v.object({ application: v.optional(v.string()) }),
    output: v.object({
      kind: v.picklist(['snapshot', 'change']),
      alerts: v.array(alertSchema),
      incidents: v.array(incidentSchema),
      journal: v.array(journalEntrySchema),
    }),
    stream: true,
    scope: 'events:read',
  },
} as const satisfies Contract;

export type Alert = v.InferOutput<typeof alertSchema>;
export type Incident = v.InferOutput<typeof incidentSchema>;
export type JournalEntry = v.InferOutput<typeof journalEntrySchema>;
export type JournalKind = (typeof journalKinds)[number];
export type Rule = v.InferOutput<typeof ruleSchema>;
export type EventsClient = Client<typeof eventsContract>;
export type EventsHandlers = Handlers<typeof eventsContract>;
