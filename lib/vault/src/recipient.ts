/** Recipients: the public half of an age key, for whom values and files are encrypted (https://age-encryption.org/v1). */
import { OperatingError } from '@plumb/base';
import { Encrypter } from 'age-encryption';

/** An environment has an application and a team; each recipient is a line in every value, and each reader looks at all. */
export const RECIPIENTS_MAX = 64;

/** How much of a wrong text an error repeats: enough to find it. */
const SHOWN_MAX = 16;

/**
 * The recipient that `text` is, without space around it: `age1…` (X25519) or `age1pq1…` (with ML-KEM-768 beside it).
 * @throws OperatingError `invalid` with what is wrong and what belongs there. It never repeats a secret key.
 */
export function parseRecipient(text: string): string {
  const recipient = text.trim();
  const fault = faultOf(recipient);
  if (fault !== undefined) throw new OperatingError('invalid', fault);
  try {
    new Encrypter().addRecipient(recipient);
  } catch {
    const shown = `${recipient.slice(0, SHOWN_MAX)}… (${recipient.length} characters)`;
    throw new OperatingError('invalid', `${shown} is not a recipient: a character is missing or wrong; copy it again`);
  }
  return recipient;
}

/**
 * The recipients that the texts are, sorted and each once.
 * @throws OperatingError `invalid` for a wrong one or none at all, `exhausted` for more than `RECIPIENTS_MAX`.
 */
export function parseRecipients(texts: readonly string[]): readonly string[] {
  const recipients = [...new Set(texts.map(parseRecipient))].sort();
  if (recipients.length === 0) {
    throw new OperatingError('invalid', 'nobody could read this: name at least one recipient (age1…)');
  }
  if (recipients.length > RECIPIENTS_MAX) {
    const count = `${recipients.length} recipients are more than ${RECIPIENTS_MAX}`;
    throw new OperatingError('exhausted', `${count}: give a team one key that its members share`);
  }
  return recipients;
}

function faultOf(text: string): string | undefined {
  if (/secret-key/i.test(text)) {
    return (
      'a secret key was given where a recipient belongs: name its recipient instead (age1…, which age-keygen -y ' +
      'prints), and make another key if others may have seen this one'
    );
  }
  if (text.startsWith('ssh-')) return 'an SSH key is not a recipient: name one of age (age1…)';
  if (/^age1tag(pq)?1/.test(text)) {
    return 'a recipient of a hardware key (age1tag…) cannot be opened here: name one that starts with age1 or age1pq1';
  }
  if (text.startsWith('age1')) return undefined;
  if (/^age1/i.test(text)) return 'a recipient is written in small letters: age1…';
  if (text === '') return 'a recipient is missing: it starts with age1';
  return `${JSON.stringify(text.slice(0, SHOWN_MAX))} is not a recipient: it starts with age1`;
}
