/** The events service: rules over the deployment's state, alerts, incidents, notification, and the journal. */
import type { Clock, Log, Random } from '@plumb/base';
import type { ConfigClient } from '@plumb/config-store';
import type { DeployClient } from '@plumb/deploy';
import type { Kv } from '@plumb/kv';
import type { EventsHandlers } from './contract.ts';
import { sendMail } from './email.ts';
import type { JournalDraft, OutboxItem } from './evaluation.ts';
import { openEventStore } from './event-store.ts';
import { eventsHandlers } from './handlers.ts';
import { renderMail, renderWebhook } from './message.ts';
import { openOutbox } from './outbox.ts';
import { followSettings } from './settings.ts';
import { watchTrouble } from './watch-trouble.ts';
import { postWebhook } from './webhook.ts';

export type { JournalDraft } from './evaluation.ts';

/** Trouble at the start waits this long to learn whom to tell; the configuration is in the same process. */
const SETTINGS_WAIT_MS = 5_000;

export type EventsDependencies = {
  readonly kv: Kv;
  readonly config: ConfigClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** For the user that `notify.smtp.url` names. Never from the configuration, which many can read. */
  readonly smtpPassword?: string | undefined;
  /** Where people find the console, such as `http://127.0.0.1:7700`, when it is known. */
  readonly consoleUrl: () => string | undefined;
  readonly hostName: string;
};

export type Events = AsyncDisposable & {
  readonly handlers: EventsHandlers;
  /** Writes one line into the journal. Durable when it resolves. */
  readonly journal: (entry: JournalDraft) => Promise<void>;
  /** Evaluates the rules over what `deploy` says, until this is disposed. Called once. */
  readonly observe: (deploy: DeployClient) => void;
};

/** Undelivered messages of an earlier life go on being delivered at once. */
export async function openEvents(dependencies: EventsDependencies): Promise<Events> {
  const { kv, config, clock, random, log, hostName } = dependencies;
  const stop = new AbortController();
  const { signal } = stop;
  const store = await openEventStore(kv, clock);
  const settings = followSettings({ config, clock, random, log, hostName, signal });

  const deliver = async (item: OutboxItem, deliverySignal: AbortSignal): Promise<void> => {
    await settings.whenRead(SETTINGS_WAIT_MS);
    const { id, notification } = item;
    const sender = { hostName, link: linkTo(dependencies.consoleUrl(), notification.application) };
    if (item.channel === 'webhook') {
      const body = renderWebhook(id, notification, sender);
      await postWebhook(settings.requireWebhook(), { id, body, signal: deliverySignal });
    } else {
      const smtp = settings.requireSmtp(item.to);
      const mail = {
        ...renderMail(notification, sender, clock.now()),
        messageId: `${id}@plumb.${smtp.from.split('@')[1]}`,
      };
      await sendMail(smtp, mail, { password: dependencies.smtpPassword, signal: deliverySignal });
    }
  };
  const outbox = openOutbox({ store, clock, random, log, deliver });
  let watching: Promise<void> | undefined;

  return {
    handlers: eventsHandlers({ kv, store, clock, recipients: settings.recipients, deliver }),
    journal: (entry) => store.change(() => ({ journal: [entry] })),
    observe(deploy) {
      const { recipients } = settings;
      watching ??= settings
        .whenRead(SETTINGS_WAIT_MS)
        .then(() => watchTrouble({ deploy, store, recipients, clock, random, log, signal, onMessages: outbox.wake }));
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all([watching, settings.done, outbox[Symbol.asyncDispose]()]);
      await store.whenIdle();
    },
  };
}

function linkTo(consoleUrl: string | undefined, application: string | undefined): string | undefined {
  if (consoleUrl === undefined || application === undefined) return consoleUrl;
  return `${consoleUrl.replace(/\/$/, '')}/apps/${application}`;
}
