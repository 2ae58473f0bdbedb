import type { UsageKind } from '@plumb/registry';
import { formatWhole } from '@plumb/ui';
import type { JSX } from 'preact';
import { applicationPath } from '../router.ts';
import { isUndeclared, type ServiceUser } from '../store/dictionary.ts';
import { Ago } from './ago.tsx';

const WORDS: Readonly<Record<UsageKind, string>> = { called: 'called', declared: 'declared', 'looked-up': 'looked up' };

/** What breaks if a service goes: who needs it, as declared and as seen. `owner` is its application. */
export function UsedBy({
  users,
  owner,
}: {
  readonly users: readonly ServiceUser[];
  readonly owner: string;
}): JSX.Element {
  if (users.length === 0)
    return <p class="service-users soft">Nobody declares to need it, called it or looked it up.</p>;
  return (
    <table class="service-users">
      <caption class="visually-hidden">Used by</caption>
      <thead>
        <tr>
          <th scope="col">Used by</th>
          <th scope="col">Evidence</th>
          <th scope="col">Calls</th>
          <th scope="col">Last seen</th>
        </tr>
      </thead>
      <tbody>
        {users.map((user) => (
          <UserRow key={user.usage.application ?? `caller ${user.usage.caller ?? ''}`} user={user} owner={owner} />
        ))}
      </tbody>
    </table>
  );
}

function UserRow({
  user: { usage, components },
  owner,
}: {
  readonly user: ServiceUser;
  readonly owner: string;
}): JSX.Element {
  const { application, caller, kinds, called, lookedUp, callers } = usage;
  const seenAt = Math.max(called?.lastAt ?? 0, lookedUp?.lastAt ?? 0);
  return (
    <tr>
      <th scope="row">
        {application === undefined ? (
          <code>{caller}</code>
        ) : (
          <a class="link" href={applicationPath(application)} title={callers.join(', ')}>
            {application}
          </a>
        )}
        {components.length > 0 && <small class="faint"> {components.join(', ')}</small>}
      </th>
      <td>
        <span class="service-kinds">
          {kinds.map((kind) => (
            <span key={kind} class={kind === 'called' ? 'tag is-accent' : 'tag'}>
              {WORDS[kind]}
            </span>
          ))}
          {isUndeclared(usage, owner) && <span class="tag is-warn">not declared</span>}
        </span>
      </td>
      <td data-label="Calls" class={called === undefined ? 'is-none' : undefined}>
        {called === undefined ? '–' : formatWhole(called.count)}
      </td>
      <td data-label="Last seen" class="soft">
        {seenAt === 0 ? 'never seen' : <Ago at={seenAt} />}
      </td>
    </tr>
  );
}
