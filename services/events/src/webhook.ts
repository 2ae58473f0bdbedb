/** Notification by an HTTP POST of JSON. */
import { describeError, OperatingError } from '@plumb/base';

/** A receiver answers when it has written the message down, not when it has acted on it. */
const WEBHOOK_TIMEOUT_MS = 10_000;

/**
 * Resolves on an answer of 2xx. The header `Idempotency-Key` is the same at every try. Redirects are not followed: the
 * message goes where the configuration says.
 * @throws OperatingError `unavailable` for any other answer, or none in time.
 */
export async function postWebhook(
  url: URL,
  { id, body, signal }: { readonly id: string; readonly body: string; readonly signal: AbortSignal },
): Promise<void> {
  const status = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': id, 'user-agent': 'plumb' },
    body,
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(WEBHOOK_TIMEOUT_MS)]),
  }).then(
    async (response) => {
      await response.body?.cancel();
      return response.status;
    },
    (error: unknown) => {
      throw new OperatingError('unavailable', `${url.origin} did not answer: ${describeError(error)}`, {
        cause: error,
      });
    },
  );
  if (status < 200 || status > 299) {
    throw new OperatingError('unavailable', `${url.origin} answered ${status}, not 2xx: look at the receiver's log`);
  }
}
