import { expect, test } from 'vitest';
import type { Notification } from './evaluation.ts';
import { renderMail, renderWebhook } from './message.ts';

const notification: Notification = {
  incidentId: 'i1',
  subject: 'tipjar/web',
  application: 'tipjar',
  title: 'tipjar/web: crash loop',
  severity: 'critical',
  sinceAt: 1_760_000_000_000,
  what: 'tipjar/web keeps crashing (exit code 1) and was given up',
  tried: 'Plumb restarted it 5 times, with growing pauses; it does not start it any more',
  advice: 'read "plumb logs tipjar", repair the cause, then deploy or restart it',
};

test('a mail says what, since when, what was tried, what to do and where to look', () => {
  const { subject, text } = renderMail(
    notification,
    { hostName: 'h1', link: 'http://127.0.0.1:7700/apps/tipjar' },
    1_760_000_065_000,
  );
  expect(`${subject}\n---\n${text}`).toMatchInlineSnapshot(`
    "[plumb] tipjar/web: crash loop
    ---
    tipjar/web: crash loop

    What:    tipjar/web keeps crashing (exit code 1) and was given up
    Where:   h1
    Since:   2025-10-09 08:53:20 UTC (1 min 5 s ago)
    Tried:   Plumb restarted it 5 times, with growing pauses; it does not start it any more
    To do:   read "plumb logs tipjar", repair the cause, then deploy or restart it
    Look:    http://127.0.0.1:7700/apps/tipjar
    "
  `);
});

test('what a program printed cannot become a header, a line or markup', () => {
  const nasty = { ...notification, title: 'x\r\nBcc: everybody@example.org', what: '<script>alert(1)</script>\n.\n' };
  const { subject, text, html } = renderMail(nasty, { hostName: 'h1', link: undefined }, 0);
  expect(subject).not.toMatch(/[\r\n]/);
  expect(text.split('\n').filter((line) => line.startsWith('Bcc') || line === '.')).toEqual([]);
  expect(html).not.toContain('<script>');
  expect(html).toContain('&lt;script&gt;');
});

test('the webhook carries the same as data, with the id that makes it safe to repeat', () => {
  expect(JSON.parse(renderWebhook('i1-webhook', notification, { hostName: 'h1', link: undefined }))).toMatchObject({
    version: 1,
    kind: 'incident-opened',
    id: 'i1-webhook',
    incident: { id: 'i1', subject: 'tipjar/web', severity: 'critical', since: '2025-10-09T08:53:20.000Z' },
    host: 'h1',
    what: notification.what,
  });
});
