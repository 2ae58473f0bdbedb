/**
 * Who is told, and how: the configuration keys `notify.*` of the application `plumb`, followed live.
 *
 * A channel exists where its recipient is set. What else is wrong with its settings is a fault of the delivery, which is tried
 * again: so a message that waits is sent once a person has repaired the settings.
 */
import { type Clock, type Log, OperatingError, type Random, sleep } from '@plumb/base';
import type { ConfigClient } from '@plumb/config-store';
import { follow } from '@plumb/rpc';
import type { Recipient } from './evaluation.ts';

/** The application whose configuration is Plumb's own. */
export const PLUMB_APPLICATION = 'plumb';

/** Recipients of one mail; a team has a list address. */
const ADDRESSES_MAX = 50;

export type SettingValues = ReadonlyMap<string, unknown>;

export type NotifySettings = {
  readonly recipients: () => readonly Recipient[];
  /** @throws OperatingError `invalid`: the setting that is wrong, and how to set it. */
  readonly requireSmtp: (to: string) => SmtpSettings;
  /** @throws OperatingError `invalid`. */
  readonly requireWebhook: () => URL;
  /** Resolves when the settings were read for the first time, or after `timeoutMs`: trouble does not wait for ever. */
  readonly whenRead: (timeoutMs: number) => Promise<void>;
};

export type SmtpSettings = {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (`smtps:`), rather than by STARTTLS where the server offers it. */
  readonly isSecure: boolean;
  readonly user: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
};

/** Follows the settings until `signal` aborts, whatever happens to the feed. */
export function followSettings({
  config,
  clock,
  random,
  log,
  hostName,
  signal,
}: {
  readonly config: ConfigClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly hostName: string;
  readonly signal: AbortSignal;
}): NotifySettings & { readonly done: Promise<void> } {
  let values = new Map<string, unknown>();
  const read = Promise.withResolvers<void>();

  const done = follow(
    (until) => config.watch({ application: PLUMB_APPLICATION }, { signal: until }),
    (event) => {
      if (event.kind === 'snapshot') values = new Map(Object.entries(event.values));
      else for (const { key, value } of event.changes) values.set(key, value);
      read.resolve();
    },
    { clock, random, log: log.with({ feed: 'config.watch' }), signal },
  );

  return {
    recipients: () => recipientsOf(values),
    requireSmtp: (to) => smtpOf(values, to, hostName),
    requireWebhook: () => webhookOf(values),
    whenRead: async (timeoutMs) => {
      const stop = new AbortController();
      await Promise.race([read.promise, sleep(clock, timeoutMs, AbortSignal.any([stop.signal, signal]))]);
      stop.abort();
    },
    done,
  };
}

/** The channels that have a recipient. A webhook is shown by its origin: the path of many is a secret. */
export function recipientsOf(values: SettingValues): Recipient[] {
  const addresses = [values.get('notify.email.to')].flat().filter((one) => typeof one === 'string' && one !== '');
  const webhook = values.get('notify.webhook.url');
  const origin = typeof webhook === 'string' && /^https?:/i.test(webhook) ? URL.parse(webhook)?.origin : undefined;
  return [
    ...(addresses.length === 0 ? [] : [{ channel: 'email' as const, to: addresses.join(', ') }]),
    ...(typeof webhook === 'string' && webhook !== ''
      ? [{ channel: 'webhook' as const, to: origin ?? 'notify.webhook.url' }]
      : []),
  ];
}

/** @throws OperatingError `invalid`. */
function webhookOf(values: SettingValues): URL {
  const text = values.get('notify.webhook.url');
  const url = typeof text === 'string' ? URL.parse(text) : null;
  if (url !== null && ['http:', 'https:'].includes(url.protocol)) return url;
  throw fault('notify.webhook.url is not an http(s) address', 'set it again');
}

/** @throws OperatingError `invalid`. */
export function smtpOf(values: SettingValues, to: string, hostName: string): SmtpSettings {
  const text = values.get('notify.smtp.url');
  if (typeof text !== 'string' || text === '') {
    throw fault('notify.smtp.url is not set', 'plumb config set plumb.notify.smtp.url smtp://MAIL-SERVER:25');
  }
  const url = URL.parse(text);
  if (url === null || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '') {
    throw fault('notify.smtp.url is not like smtp://HOST:PORT or smtps://HOST:PORT', 'set it again');
  }
  if (url.password !== '') {
    throw fault(
      'notify.smtp.url holds a password, which everybody who reads the configuration would see',
      'take it out and give it to plumbd as the SMTP password',
    );
  }
  const isSecure = url.protocol === 'smtps:';
  const from = values.get('notify.email.from') ?? `plumb@${/^[\w.-]+$/.test(hostName) ? hostName : 'localhost'}`;
  if (typeof from !== 'string' || !isAddress(from))
    throw fault('notify.email.from is not an address', 'set it like plumb@example.org');
  const addresses = to.split(',').map((address) => address.trim());
  const wrong = addresses.find((address) => !isAddress(address));
  if (wrong !== undefined)
    throw fault(
      `notify.email.to holds "${wrong.slice(0, 80)}", which is not an address`,
      'set it like you@example.org',
    );
  if (addresses.length > ADDRESSES_MAX)
    throw fault(`notify.email.to names more than ${ADDRESSES_MAX} addresses`, 'use a mailing list');
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isSecure ? 465 : 25) : Number(url.port),
    isSecure,
    user: url.username === '' ? undefined : decodeURIComponent(url.username),
    from,
    to: addresses,
  };
}

/** A bare address, without a name, quotes or anything that could end a header's line. */
function isAddress(text: string): boolean {
  return text.length <= 254 && /^[^\s@<>(),;:"\\[\]\p{Cc}]+@[^\s@<>(),;:"\\\p{Cc}]+$/u.test(text);
}

function fault(what: string, advice: string): OperatingError {
  return new OperatingError('invalid', `${what}: ${advice}`);
}
