/** The words of a notification, for each channel. Whatever comes from outside is text here: never markup, never a header. */
import { formatDuration } from '@plumb/base';
import type { Notification } from './evaluation.ts';

/** Mail programs cut a subject at about this many characters. */
const SUBJECT_LENGTH_MAX = 120;
/** A reason may quote a program's last words; the log has the rest. */
const LINE_LENGTH_MAX = 500;

export type MailText = { readonly subject: string; readonly text: string; readonly html: string };

/** Which Plumb tells: a person may have several. */
export type Sender = { readonly hostName: string; readonly link: string | undefined };

/** `now` is when it is sent; a late delivery says so by "since". */
export function renderMail(notification: Notification, sender: Sender, now: number): MailText {
  const rows = rowsOf(notification, sender, now);
  const subject = oneLine(`[plumb] ${notification.title}`, SUBJECT_LENGTH_MAX);
  const text = [
    subject.replace('[plumb] ', ''),
    '',
    ...rows.map(([name, value]) => `${`${name}:`.padEnd(8)} ${value}`),
    '',
  ];
  const cells = rows.map(([name, value]) => {
    const isLink = name === 'Look';
    const content = isLink ? `<a href="${escapeHtml(value)}">${escapeHtml(value)}</a>` : escapeHtml(value);
    return `<tr><td style="padding:4px 16px 4px 0;vertical-align:top;color:#666">${name}</td><td style="padding:4px 0">${content}</td></tr>`;
  });
  const html = `<!doctype html><html><body style="font:15px/1.5 sans-serif"><p><strong>${escapeHtml(notification.title)}</strong></p><table style="border-collapse:collapse">${cells.join('')}</table></body></html>`;
  return { subject, text: text.join('\n'), html };
}

/** The JSON body of the webhook. `id` is the idempotency key: a receiver that has seen it may ignore the message. */
export function renderWebhook(id: string, notification: Notification, { hostName, link }: Sender): string {
  const { incidentId, subject, application, title, severity, sinceAt, what, tried, advice } = notification;
  return JSON.stringify({
    version: 1,
    kind: 'incident-opened',
    id,
    incident: { id: incidentId, subject, application, title, severity, since: new Date(sinceAt).toISOString() },
    host: hostName,
    what,
    tried,
    advice,
    link,
    // What chat programs show of a webhook they do not know.
    text: oneLine(
      `${title} on ${hostName}: ${what}; ${advice}${link === undefined ? '' : ` ${link}`}`,
      2 * LINE_LENGTH_MAX,
    ),
  });
}

function rowsOf(notification: Notification, { hostName, link }: Sender, now: number): (readonly [string, string])[] {
  const { sinceAt, what, tried, advice } = notification;
  const since = `${new Date(sinceAt).toISOString().replace('T', ' ').slice(0, 19)} UTC (${formatDuration(Math.max(0, now - sinceAt))} ago)`;
  const rows = [
    ['What', what],
    ['Where', hostName],
    ['Since', since],
    ['Tried', tried],
    ['To do', advice],
    ...(link === undefined ? [] : [['Look', link] as const]),
  ] as const;
  return rows.map(([name, value]) => [name, oneLine(value, LINE_LENGTH_MAX)]);
}

/** Control characters, line breaks among them, become blanks. */
export function oneLine(text: string, lengthMax: number): string {
  const line = text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
  return line.length > lengthMax ? `${line.slice(0, lengthMax - 1)}…` : line;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
