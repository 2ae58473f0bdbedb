/** The methods that read what was before. */
import { maySeeLayer, requireOwn } from './config-access.ts';
import type { ConfigHandlers } from './contract.ts';
import type { HandlerContext } from './handler-context.ts';
import { redactFields } from './redact.ts';
import { diffRevisions } from './value-past.ts';
import { redactChanges } from './write-handlers.ts';

/** Changes that are given where the caller does not say. */
const LIMIT = 20;

export function createPastHandlers({
  store,
  access,
}: HandlerContext): Pick<ConfigHandlers, 'history' | 'changeSets' | 'diff'> {
  return {
    history({ application, key, layer, limit = LIMIT }, { caller }) {
      requireOwn(application, caller);
      return store.read(application, async (state) => {
        const mayOpen = access.mayOpen(caller, state);
        const changes = await store.history.ofKey(application, key, { layer, limit });
        return changes
          .filter((change) => maySeeLayer(caller, state, change.layer))
          .map((change) => redactFields(change, ['value'], mayOpen));
      });
    },
    changeSets({ application, before, limit = LIMIT }, { caller }) {
      requireOwn(application, caller);
      return store.read(application, async (state) => {
        const mayOpen = access.mayOpen(caller, state);
        const sets = await store.history.changeSets(application, { setCount: state.setCount, before, limit });
        return sets.map((set) => ({
          ...set,
          changes: redactChanges(
            set.changes.filter(({ layer }) => maySeeLayer(caller, state, layer)),
            mayOpen,
          ),
        }));
      });
    },
    diff({ application, from, to }, { caller }) {
      requireOwn(application, caller);
      return store.read(application, async (state) => {
        const changes = await diffRevisions(store.history, application, state, { from, to });
        const visible = changes.filter(({ layer }) => maySeeLayer(caller, state, layer));
        return redactChanges(visible, access.mayOpen(caller, state));
      });
    },
  };
}
