/** Mail by SMTP: one connection a message, since an incident is rare. */
import { describeError, OperatingError } from '@plumb/base';
import net from 'node:net';
import { createTransport } from 'nodemailer';
import type { MailText } from './message.ts';
import type { SmtpSettings } from './settings.ts';

/** Each step of the conversation with the mail server; slow servers check the sender's name for some seconds. */
const SMTP_TIMEOUT_MS = 15_000;
/** The whole conversation. */
const MAIL_TIMEOUT_MS = 60_000;

export type Mail = MailText & {
  /** The same at every try, so that a mail that arrives twice shows once. */
  readonly messageId: string;
};

/**
 * Resolves when the server has taken the mail for at least one recipient.
 * @throws OperatingError `unavailable`; trying again may help.
 */
export async function sendMail(
  settings: SmtpSettings,
  mail: Mail,
  { password, signal }: { readonly password?: string | undefined; readonly signal: AbortSignal },
): Promise<void> {
  const { host, port, isSecure, user, from, to } = settings;
  const stop = AbortSignal.any([signal, AbortSignal.timeout(MAIL_TIMEOUT_MS)]);
  const isLoopback = host === 'localhost' || host === '::1' || host.startsWith('127.');
  const transport = createTransport({
    host,
    port,
    secure: isSecure,
    // A password does not travel in the clear.
    requireTLS: user !== undefined && !isSecure && !isLoopback,
    ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
    connectionTimeout: SMTP_TIMEOUT_MS,
    greetingTimeout: SMTP_TIMEOUT_MS,
    socketTimeout: SMTP_TIMEOUT_MS,
    dnsTimeout: SMTP_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
    // The library cannot end a conversation early; the socket that it talks through can.
    getSocket: (_options, done) => {
      const socket = net.connect({ host, port, timeout: SMTP_TIMEOUT_MS, signal: stop });
      const fail = (error: Error): void => done(error, {});
      socket.once('timeout', () => socket.destroy(new Error(`no connection within ${SMTP_TIMEOUT_MS} ms`)));
      socket.once('error', fail);
      socket.once('connect', () => {
        socket.removeListener('error', fail).removeAllListeners('timeout');
        done(null, { connection: socket });
      });
    },
  });
  try {
    const { messageId, subject, text, html } = mail;
    const headers = { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' };
    await transport.sendMail({ from, to: [...to], messageId: `<${messageId}>`, subject, text, html, headers });
  } catch (error) {
    throw new OperatingError(
      'unavailable',
      `the mail server ${host}:${port} did not take it: ${describeError(error)}`,
      {
        cause: error,
      },
    );
  } finally {
    transport.close();
  }
}
