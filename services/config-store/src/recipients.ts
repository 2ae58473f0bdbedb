/**
 * Whom secrets are sealed to: who owns which age recipient, for which application and environment. The store holds no
 * identity, so it can open nothing; what it decides by this is whom it sends a ciphertext to at all.
 *
 * Everything is read from memory. The key-value store is followed from `open` on, so that another process that writes to
 * the same store is seen too.
 */
import { type Clock, type Log, OperatingError, type Random } from '@plumb/base';
import { type Collection, createCollection, type Item, type Kv } from '@plumb/kv';
import { type Caller, follow } from '@plumb/rpc';
import type { ConfigRecipient } from './contract/access.ts';
import { EVERY_APPLICATION } from './follow-changes.ts';
import { appliesTo, ownerOf } from './recipient-scope.ts';

/** Hundreds of people and applications with a few keys each. */
const RECIPIENTS_MAX = 10_000;

export type RecipientPlace = Pick<ConfigRecipient, 'recipient' | 'application' | 'environment'>;

export type RecipientDependencies = {
  readonly kv: Kv;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

export type Recipients = AsyncDisposable & {
  /** By recipient, application and environment. Without an application: those of all. */
  readonly list: (application?: string, environment?: string) => readonly ConfigRecipient[];
  /** Replaces what is known of the same recipient at the same place. @throws OperatingError `exhausted`, `denied`. */
  readonly add: (added: Omit<ConfigRecipient, 'addedBy' | 'at'>, caller: Caller) => Promise<void>;
  /** Gives how many there were: those of the place that is named, and of all places where none is. */
  readonly remove: (place: RecipientPlace) => Promise<number>;
  /**
   * Tells whether a caller may be sent what is sealed to a recipient, as it is at the time of asking: it owns the recipient,
   * and where it speaks for an application in an environment, that is one the recipient is for.
   */
  readonly mayOpen: (
    caller: Caller,
    place?: { readonly environment?: string | undefined },
  ) => (recipient: string) => boolean;
};

export async function openRecipients({ kv, clock, random, log }: RecipientDependencies): Promise<Recipients> {
  const records = createCollection<ConfigRecipient>(kv, 'config/recipient/');
  const known = new Map<string, ConfigRecipient>();
  /** The same by recipient: what a ciphertext names. */
  let byRecipient = new Map<string, ConfigRecipient[]>();
  const index = (): void => {
    byRecipient = Map.groupBy(known.values(), ({ recipient }) => recipient);
  };
  const put = (items: Iterable<Item<ConfigRecipient>>): void => {
    for (const { id, value } of items) known.set(id, value);
  };
  // What the store cannot give is told to who opens; from then on it is followed.
  put(await records.list());
  const first = Promise.withResolvers<void>();
  const stop = new AbortController();
  const following = follow(
    (signal) => records.watch({ signal }),
    (event) => {
      if (event.kind === 'snapshot') known.clear();
      put(event.kind === 'snapshot' ? event.items : event.puts);
      if (event.kind === 'change') for (const id of event.deletes) known.delete(id);
      index();
      first.resolve();
    },
    { clock, random, log, signal: stop.signal },
  );
  await first.promise;

  return {
    list: (application, environment) =>
      [...known]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([, one]) => (appliesTo(one, { application, environment }) ? [one] : [])),
    async add(added, caller) {
      checkOwner(added, caller);
      const id = idOf(added);
      if (!known.has(id) && known.size >= RECIPIENTS_MAX) {
        throw new OperatingError('exhausted', `there are ${RECIPIENTS_MAX} recipients: remove those that are not used`);
      }
      const record = { ...added, addedBy: caller.id, at: clock.now() };
      await records.put(id, record);
      // Whoever added it may ask at once, before the watch has told.
      known.set(id, record);
      index();
    },
    async remove(place) {
      const ids = [...known].flatMap(([id, one]) => (isAt(one, place) ? [id] : []));
      await deleteAll(kv, records, ids);
      for (const id of ids) known.delete(id);
      index();
      return ids.length;
    },
    mayOpen(caller, { environment } = {}) {
      const owner = ownerOf(caller);
      const place = { application: caller.application, environment };
      return (recipient) =>
        byRecipient.get(recipient)?.some((one) => one.owner === owner && appliesTo(one, place)) ?? false;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await following;
    },
  };
}

/** What a transaction of the store takes at a time. */
const DELETE_BATCH = 500;

async function deleteAll(kv: Kv, records: Collection<ConfigRecipient>, ids: readonly string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += DELETE_BATCH) {
    await kv.transact(ids.slice(from, from + DELETE_BATCH).map((id) => records.deleteOperation(id)));
  }
}

/** A process may add a recipient of its own application only. */
function checkOwner({ owner, application }: Pick<ConfigRecipient, 'owner' | 'application'>, caller: Caller): void {
  if (caller.application === undefined) return;
  if (owner === ownerOf(caller) && application === caller.application) return;
  throw new OperatingError(
    'denied',
    `${caller.id} belongs to ${caller.application} and may add recipients of ${ownerOf(caller)} for it alone`,
  );
}

function isAt(one: ConfigRecipient, { recipient, application, environment }: RecipientPlace): boolean {
  if (one.recipient !== recipient) return false;
  if (application !== undefined && one.application !== application) return false;
  return environment === undefined || one.environment === environment;
}

function idOf({ recipient, application = EVERY_APPLICATION, environment = '*' }: RecipientPlace): string {
  return `${application}/${recipient}/${environment}`;
}
