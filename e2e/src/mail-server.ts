/** A real SMTP server on loopback that keeps what it was sent. */
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export type MailServer = AsyncDisposable & { readonly port: number; readonly messages: () => readonly string[] };

export async function openMailServer(): Promise<MailServer> {
  const messages: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      let text = session.envelope.rcptTo.map(({ address }) => `RCPT TO: ${address}\n`).join('');
      stream.setEncoding('utf8').on('data', (part: string) => (text += part));
      stream.on('end', () => {
        messages.push(text);
        done();
      });
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    messages: () => messages,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
