/** The methods that change values. */
import { OperatingError } from '@plumb/base';
import { DEFAULT_LAYER } from '@plumb/config/layers';
import type { Caller } from '@plumb/rpc';
import { isDeepStrictEqual } from 'node:util';
import { requireOwn } from './config-access.ts';
import { layerEntry } from './config-entries.ts';
import type { ConfigEntry, ValueChange } from './contract/shapes.ts';
import type { ConfigHandlers } from './contract.ts';
import { flatten } from './flatten.ts';
import type { HandlerContext } from './handler-context.ts';
import type { KeyChange } from './key-change.ts';
import { redactFields } from './redact.ts';
import { type Checked, checkChanges, submitChanges, type Wanted } from './submit-changes.ts';
import { planRollback } from './value-past.ts';
import type { ApplicationValues } from './application-values.ts';

type WriteMethod = 'set' | 'unset' | 'change' | 'rollback' | 'provision';

type Conflict = { readonly kind: 'conflict'; readonly current?: ConfigEntry };
type Stored = { readonly kind: 'stored'; readonly revision: number };

/** Values that one manifest may change at a time: with their history they are one transaction of the store. */
const PROVISION_CHANGES_MAX = 250;

export function createWriteHandlers(context: HandlerContext): Pick<ConfigHandlers, WriteMethod> {
  const { store, access, log } = context;

  const conflictAt = (
    application: string,
    state: ApplicationValues,
    { layer, key }: Pick<KeyChange, 'layer' | 'key'>,
    caller: Caller,
  ): Wanted<Conflict> => {
    const found = state.get(layer, key);
    const mayOpen = access.mayOpen(caller, state);
    const current = found && layerEntry(application, state, { key, found, mayOpen });
    return { kind: 'answer', answer: { kind: 'conflict', ...(current && { current }) } };
  };
  const redactChecked = async (application: string, checked: Checked, caller: Caller): Promise<Checked> => ({
    ...checked,
    changes: await store.read(application, (state) => redactChanges(checked.changes, access.mayOpen(caller, state))),
  });

  return {
    async set({ application, key, value, layer = DEFAULT_LAYER, ifRevision, comment }, { caller }) {
      requireOwn(application, caller);
      const outcome = await submitChanges<Conflict | Stored>(
        context,
        application,
        (state) => {
          const kept = state.get(layer, key);
          if (ifRevision !== undefined && ifRevision !== (kept?.revision ?? 0)) {
            return conflictAt(application, state, { layer, key }, caller);
          }
          if (kept !== undefined && isDeepStrictEqual(kept.value, value)) {
            return { kind: 'answer', answer: { kind: 'stored', revision: kept.revision } };
          }
          return { kind: 'commit', changes: [{ layer, key, value }] };
        },
        authorOf(caller, comment),
      );
      log.info('config.set', { application, key, layer, caller: caller.id, outcome: outcome.kind });
      return outcome;
    },
    async unset({ application, key, layer = DEFAULT_LAYER, ifRevision, comment }, { caller }) {
      requireOwn(application, caller);
      const outcome = await submitChanges<Conflict>(
        context,
        application,
        (state) => {
          if (ifRevision !== undefined && ifRevision !== (state.get(layer, key)?.revision ?? 0)) {
            return conflictAt(application, state, { layer, key }, caller);
          }
          if (state.layersOf(key).length === 0) {
            throw new OperatingError('not-found', `${application}.${key} has no value: there is nothing to unset`);
          }
          return { kind: 'commit', changes: [{ layer, key }] };
        },
        authorOf(caller, comment),
      );
      log.info('config.unset', { application, key, layer, caller: caller.id, outcome: outcome.kind });
      return outcome;
    },
    async change({ application, changes, ifRevision, comment, isDryRun = false }, { caller }) {
      requireOwn(application, caller);
      const wanted = changes.map(({ key, value, layer = DEFAULT_LAYER }) => ({ layer, key, value }));
      const outcome = await submitChanges<Conflict | Checked>(
        context,
        application,
        async (state) => {
          if (ifRevision !== undefined && ifRevision !== state.revision) {
            return { kind: 'answer', answer: { kind: 'conflict' } };
          }
          if (!isDryRun) return { kind: 'commit', changes: wanted };
          return { kind: 'answer', answer: await checkChanges(store, application, state, wanted) };
        },
        authorOf(caller, comment),
      );
      log.info('config.change', { application, count: wanted.length, caller: caller.id, outcome: outcome.kind });
      return outcome.kind === 'checked' ? redactChecked(application, outcome, caller) : outcome;
    },
    async rollback({ application, revision, keys, comment, isDryRun = false }, { caller }) {
      requireOwn(application, caller);
      const outcome = await submitChanges<Checked>(
        context,
        application,
        async (state) => {
          const changes = await planRollback(store.history, application, state, { revision, keys });
          if (!isDryRun) return { kind: 'commit', changes };
          return { kind: 'answer', answer: await checkChanges(store, application, state, changes) };
        },
        authorOf(caller, comment ?? `back to revision ${revision}`),
      );
      log.info('config.rollback', { application, revision, caller: caller.id, outcome: outcome.kind });
      return outcome.kind === 'checked' ? redactChecked(application, outcome, caller) : outcome;
    },
    /** Not a proposal in a protected environment: what plumb.yaml says was reviewed as code, and who may deploy may say it. */
    async provision({ application, environment, values }, { caller }) {
      requireOwn(application, caller);
      const wanted = flatten(values);
      const { revision } = await store.commit(
        application,
        (state) => ({
          kind: 'commit',
          changes: provisionChanges(application, state, wanted),
          ...(environment !== undefined && { deploy: { environment } }),
        }),
        { author: caller.id },
      );
      log.info('config.provision', { application, environment, caller: caller.id, revision });
      return { revision };
    },
  };
}

/** Changes as a caller may have them. */
export function redactChanges(changes: readonly ValueChange[], mayOpen: (recipient: string) => boolean): ValueChange[] {
  return changes.map((change) => redactFields(change, ['before', 'after'], mayOpen));
}

function provisionChanges(
  application: string,
  state: ApplicationValues,
  wanted: ReadonlyMap<string, NonNullable<KeyChange['value']> | null>,
): KeyChange[] {
  const puts = [...wanted].filter(([key, value]) => !isDeepStrictEqual(state.get('manifest', key)?.value, value));
  const gone = [...state.entries('manifest')].filter(([key]) => !wanted.has(key));
  const count = puts.length + gone.length;
  if (count > PROVISION_CHANGES_MAX) {
    throw new OperatingError(
      'invalid',
      `the manifest of ${application} changes ${count} values at once, over the ${PROVISION_CHANGES_MAX} that fit: keep data elsewhere`,
    );
  }
  return [
    ...puts.map(([key, value]) => ({ layer: 'manifest', key, value })),
    ...gone.map(([key]) => ({ layer: 'manifest', key })),
  ];
}

function authorOf(caller: Caller, comment: string | undefined): { readonly author: string; readonly comment?: string } {
  return { author: caller.id, ...(comment !== undefined && { comment }) };
}
