/** Ready-made questions to a process: does it answer HTTP, does it accept a connection. */
import http from 'node:http';
import net from 'node:net';

export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

/** Asks once. May reject, which means "not ready"; must end when `signal` aborts. */
export type ReadinessCheck = (signal: AbortSignal) => Promise<Readiness>;

/** Of the body of a refusal: enough for its first line, which often says what is wrong. */
const REASON_BYTES_MAX = 512;
const REASON_CHARS_MAX = 120;

/** Ready when a GET of `url` is answered with 2xx or 3xx. The body of such an answer is not read. */
export function httpProbe(url: string): ReadinessCheck {
  const { pathname, search } = new URL(url);
  return (signal) =>
    new Promise((resolve) => {
      const no = (reason: string): void => resolve({ ready: false, reason });
      // A connection of its own each time: one kept open would go on answering for a listener that is gone.
      const request = http.get(url, { agent: false, signal, headers: { 'user-agent': 'plumb-probe' } }, (response) => {
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 400) {
          resolve({ ready: true });
          request.destroy();
          return;
        }
        let body = '';
        const end = (): void => {
          const line = reasonIn(body).slice(0, REASON_CHARS_MAX);
          no(`${pathname}${search} answers ${status}${line === '' ? '' : `: ${line}`}`);
          request.destroy();
        };
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          body += text;
          if (body.length >= REASON_BYTES_MAX) end();
        });
        response.on('end', end);
        response.on('error', end);
      });
      request.on('error', (error) => no(`${pathname}${search} does not answer: ${connectFailure(error)}`));
    });
}

/** Ready when a TCP connection is accepted. */
export function tcpProbe({ host, port }: { host: string; port: number }): ReadinessCheck {
  return (signal) =>
    new Promise((resolve) => {
      const socket = net.connect({ host, port, signal });
      socket.on('connect', () => {
        resolve({ ready: true });
        socket.destroy();
      });
      socket.on('error', (error) => {
        resolve({ ready: false, reason: `port ${port} does not accept connections: ${connectFailure(error)}` });
      });
    });
}

function connectFailure(error: NodeJS.ErrnoException): string {
  return error.code === 'ECONNREFUSED' ? 'nothing listens there' : error.message;
}

/** What a refusal's body says: the reason in a JSON answer, otherwise its first line. */
function reasonIn(body: string): string {
  try {
    const answer: unknown = JSON.parse(body);
    if (typeof answer === 'object' && answer !== null) {
      const { reason, message, error } = answer as { reason?: unknown; message?: unknown; error?: unknown };
      const text = [reason, message, error].find((one) => typeof one === 'string' && one !== '');
      if (typeof text === 'string') return text.split('\n')[0] ?? '';
    }
  } catch {
    // Text, as most answers are, or JSON that was cut.
  }
  return body.split('\n')[0]?.trim() ?? '';
}
