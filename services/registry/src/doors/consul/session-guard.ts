/** Ends sessions whose checks fail or go away, and those of a node that is gone, as Consul does. */
import { describeError, type Log } from '@plumb/base';
import type { CatalogView } from './catalog-view.ts';
import type { LockKeeper } from './lock-keeper.ts';
import type { Session, Sessions } from './sessions.ts';

export type SessionGuardDependencies = {
  readonly view: CatalogView;
  readonly sessions: Sessions;
  readonly locks: LockKeeper;
  readonly log: Log;
  readonly closing: AbortSignal;
};

/** Looks at the sessions whenever a check or a node has changed. */
export function guardSessions({ view, sessions, locks, log, closing }: SessionGuardDependencies): void {
  const isFailing = ({ node, nodeChecks, serviceChecks }: Session): boolean =>
    !view.hasNode(node) ||
    [...nodeChecks, ...serviceChecks].some(
      (checkId) => (view.check(node, checkId)?.status ?? 'critical') === 'critical',
    );

  view.subscribe((touched) => {
    if (touched !== undefined && !touched.has('checks') && !touched.has('nodes')) return;
    for (const session of [...sessions.all()].filter(isFailing)) {
      log.info('consul.end-session', { session: session.id, node: session.node });
      locks.end(session.id, [sessions.collection.deleteOperation(session.id)]).catch((error: unknown) => {
        if (!closing.aborted)
          log.warn('consul.end-session-failed', { session: session.id, error: describeError(error) });
      });
    }
  });
}
