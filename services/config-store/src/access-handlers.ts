import type { Clock, Log } from '@plumb/base';
import { isSealedValue } from '@plumb/config/feed';
import type { ApplicationValues } from './application-values.ts';
import { requireOwn } from './config-access.ts';
import type { ConfigStore } from './config-store.ts';
import type { ConfigHandlers } from './contract.ts';
import type { accessContract } from './contract/access.ts';
import type { Convergence } from './convergence.ts';
import type { ChangeNews } from './follow-changes.ts';
import { requireSelf } from './require-self.ts';
import type { ReadEvidence } from './read-evidence.ts';
import { recipientsFor } from './recipient-scope.ts';
import type { Recipients } from './recipients.ts';
import { unusedKeys } from './unused-keys.ts';
import { readersOf, type SealedAt } from './who-can-read.ts';

/** The application of Plumb's own settings, which it reads without telling. */
const PLUMB_ITSELF = 'plumb';

export type AccessDependencies = {
  readonly store: ConfigStore;
  readonly recipients: Recipients;
  readonly evidence: ReadEvidence;
  readonly convergence: Convergence;
  readonly news: ChangeNews;
  readonly clock: Clock;
  readonly log: Log;
};

/** Who can open secrets, who reads what, and what is news for screens. */
export function createAccessHandlers({
  store,
  recipients,
  evidence,
  convergence,
  news,
  clock,
  log,
}: AccessDependencies): Pick<ConfigHandlers, keyof typeof accessContract | 'reportReads'> {
  return {
    recipients({ application, environment }, { caller }) {
      const wanted = application ?? caller.application;
      if (wanted !== undefined) requireOwn(wanted, caller);
      return [...recipients.list(wanted, environment)];
    },
    async addRecipient(added, { caller }) {
      await recipients.add(added, caller);
      const { recipient, owner, application, environment } = added;
      log.info('config.recipient-added', { recipient, owner, application, environment, caller: caller.id });
      return {};
    },
    async removeRecipient(place, { caller }) {
      const own = caller.application === undefined ? place : { ...place, application: caller.application };
      const removed = await recipients.remove(own);
      log.info('config.recipient-removed', { ...own, removed, caller: caller.id });
      return { removed };
    },
    recipientsFor({ application, layer }, { caller }) {
      requireOwn(application, caller);
      return [...recipientsFor(recipients.list(), application, layer)];
    },
    whoCanRead({ application, key }, { caller }) {
      requireOwn(application, caller);
      const known = recipients.list();
      return store.read(application, (state) =>
        sealedIn(state, key).map((sealed) => readersOf(application, sealed, known)),
      );
    },
    whoReads({ application, key }, { caller }) {
      requireOwn(application, caller);
      const running = new Set(convergence.readers(application).map(({ instance }) => instance));
      return evidence
        .of(application)
        .readingsOf(key)
        .flatMap(({ path, reads }) =>
          reads.readers.map((reader) => ({ application, ...reader, path, isRunning: running.has(reader.instance) })),
        );
    },
    async unused({ application, unusedForMs }, { caller }) {
      const wanted = application ?? caller.application;
      const question = { now: clock.now(), unusedForMs };
      const unusedIn = (name: string, state: ApplicationValues): UnusedOutput[] =>
        unusedKeys(state, evidence.of(name), question).map((unused) => ({ application: name, ...unused }));
      if (wanted === PLUMB_ITSELF) return [];
      if (wanted !== undefined) {
        requireOwn(wanted, caller);
        return store.read(wanted, (state) => unusedIn(wanted, state));
      }
      const all = [...(await store.readAll())].filter(([name]) => name !== PLUMB_ITSELF);
      return all.flatMap(([name, state]) => unusedIn(name, state));
    },
    reportReads({ application, paths, ...reader }, { caller }) {
      requireSelf(application, reader.instance, caller);
      convergence.requireSpeaker(application, reader.instance, caller);
      evidence.note(application, { ...reader, paths });
      return {};
    },
    follow({ application }, { caller, signal }) {
      const wanted = application ?? caller.application;
      if (wanted !== undefined) requireOwn(wanted, caller);
      return news.follow(wanted, signal);
    },
  };
}

type UnusedOutput = { application: string; key: string; since: number; lastReadAt?: number | undefined };

/** By key, then by layer. */
function sealedIn(state: ApplicationValues, wanted: string | undefined): SealedAt[] {
  const sealed = state.layers().flatMap((layer) =>
    [...state.entries(layer)].flatMap(([key, { value }]): SealedAt[] => {
      if ((wanted !== undefined && key !== wanted) || !isSealedValue(value)) return [];
      return [{ key, layer, value }];
    }),
  );
  return sealed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}
