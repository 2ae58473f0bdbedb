import type { JSX } from 'preact';
import type { ConfigPulse } from '../store/config-follow.ts';
import { Ago } from './ago.tsx';
import { useConsole } from './console-context.ts';
import { useAnswer } from './use-answer.ts';

export type ConfigReadersProps = {
  readonly application: string;
  readonly pulse: ConfigPulse;
  readonly keyName: string;
  readonly unusedSince: number | undefined;
};

/** The evidence: who reads the key and, of a secret, who can open it. */
export function ConfigReaders({ application, pulse, keyName, unusedSince }: ConfigReadersProps): JSX.Element {
  const { api } = useConsole();
  const subject = `${application} ${keyName}`;
  const readers = useAnswer((signal) => api.config.whoReads({ application, key: keyName }, { signal }), subject, [
    pulse.reads.value,
  ]);
  const openers = useAnswer((signal) => api.config.whoCanRead({ application, key: keyName }, { signal }), subject, [
    pulse.values.value,
    pulse.recipients.value,
  ]);
  const shown = readers.value && closest(readers.value);
  return (
    <>
      <h3>Who reads it</h3>
      {shown?.length === 0 && (
        <p class="soft config-note">
          Nobody has read it
          {unusedSince !== undefined && (
            <>
              {' '}
              since <Ago at={unusedSince} />
            </>
          )}
          .
        </p>
      )}
      <ul class="reader-list">
        {shown?.slice(0, READERS_SHOWN).map((reader) => (
          <li key={`${reader.instance} ${reader.path}`}>
            <span>
              {reader.component ?? reader.instance}
              {!reader.isRunning && <span class="faint"> (gone)</span>}
            </span>
            <span class="soft">
              {reader.path !== keyName && (
                <>through {reader.path === '' ? 'everything' : <code>{reader.path}</code>}, </>
              )}
              <Ago at={reader.lastAt} />
            </span>
          </li>
        ))}
      </ul>
      {shown !== undefined && shown.length > READERS_SHOWN && (
        <p class="faint config-note">and {shown.length - READERS_SHOWN} more</p>
      )}
      {openers.value?.map(({ layer, owners, missing, surplus }) => (
        <div key={layer}>
          <h3>Who can open it</h3>
          <p class="config-note">{owners.length === 0 ? 'Nobody that is known.' : owners.join(', ')}</p>
          {(missing.length > 0 || surplus.length > 0) && (
            <p class="config-note tone-warn">
              {missing.length > 0 && `${missing.join(', ')} should but cannot. `}
              {surplus.length > 0 && `${surplus.join(', ')} can but should not. `}
              Seal it again with <code>plumb config rekey {application}</code>.
            </p>
          )}
        </div>
      ))}
    </>
  );
}

/** The rest is a number: who reads a key is asked to know whom a change meets. */
const READERS_SHOWN = 8;

type Reader = { readonly instance: string; readonly path: string };

/** Of what an instance reads only the path that is nearest to the key: who reads it by name also reads it with all else. */
function closest<R extends Reader>(readers: readonly R[]): R[] {
  const byInstance = new Map<string, R>();
  for (const reader of readers) {
    const known = byInstance.get(reader.instance);
    if (known === undefined || known.path.length < reader.path.length) byInstance.set(reader.instance, reader);
  }
  return [...byInstance.values()];
}
