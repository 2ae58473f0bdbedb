import { describeError } from '@plumb/base';
import { CommandLine, StatusMark } from '@plumb/ui';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useConsole } from './console-context.ts';

type Result = { readonly channel: 'email' | 'webhook'; readonly to: string; readonly error?: string | undefined };

/** Sends a test message everywhere and says what became of it, with the way to set the channels up. */
export function NotificationTest(): JSX.Element {
  const { api } = useConsole();
  const [outcome, setOutcome] = useState<readonly Result[] | 'sending' | { readonly fault: string } | undefined>(
    undefined,
  );
  const send = (): void => {
    setOutcome('sending');
    void api.events
      .testNotification({}, { timeoutMs: SEND_TIMEOUT_MS })
      .then(setOutcome, (error: unknown) => setOutcome({ fault: describeError(error) }));
  };
  return (
    <section class="card" aria-labelledby="notify-title">
      <header class="card-head">
        <h2 id="notify-title">Notifications</h2>
        <button type="button" class="button is-small card-meta" disabled={outcome === 'sending'} onClick={send}>
          {outcome === 'sending' ? 'Sending…' : 'Send a test'}
        </button>
      </header>
      <output class="card-text">
        {Array.isArray(outcome) && <Results results={outcome} />}
        {typeof outcome === 'object' && 'fault' in outcome && <p class="tone-bad">{outcome.fault}</p>}
      </output>
      <div class="card-text stack-small">
        <p class="soft">
          One message goes out when an incident opens, never one for each alert. They are set below, or in a terminal:
        </p>
        <CommandLine command="plumb config set plumb.notify.email.to you@example.com" />
        <CommandLine command="plumb config set plumb.notify.smtp.url smtp://mail.example.com:587" />
        <CommandLine command="plumb config set plumb.notify.webhook.url https://example.com/hook" />
      </div>
    </section>
  );
}

/** A mail server may take its time. */
const SEND_TIMEOUT_MS = 60_000;

function Results({ results }: { readonly results: readonly Result[] }): JSX.Element {
  if (results.length === 0)
    return <p class="soft">No channel is configured, so nobody is told. Set one up as below.</p>;
  return (
    <ul class="stack-small">
      {results.map(({ channel, to, error }) => (
        <li key={`${channel} ${to}`} class={error === undefined ? 'status tone-good' : 'status tone-bad'}>
          <StatusMark tone={error === undefined ? 'good' : 'bad'} />
          {channel === 'email' ? 'E-mail' : 'Webhook'} to {to}{' '}
          {error === undefined ? 'was accepted' : `failed: ${error}`}
        </li>
      ))}
    </ul>
  );
}
