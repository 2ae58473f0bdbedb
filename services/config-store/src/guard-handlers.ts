/** The methods of schemas, protected environments and proposals. */
import { OperatingError } from '@plumb/base';
import { DEFAULT_LAYER } from '@plumb/config/layers';
import { holdsScope } from '@plumb/rpc';
import { faultsError, schemaFaults } from './change-faults.ts';
import { maySeeLayer, requireOwn } from './config-access.ts';
import type { ConfigHandlers } from './contract.ts';
import type { HandlerContext } from './handler-context.ts';
import { effectiveChanges } from './key-change.ts';
import { environmentOf } from './layer-order.ts';
import { approveProposal } from './submit-changes.ts';
import { redactChanges } from './write-handlers.ts';

type GuardMethod = 'schema' | 'setSchema' | 'check' | 'protect' | 'proposals' | 'approve' | 'reject';

export function createGuardHandlers(context: HandlerContext): Pick<ConfigHandlers, GuardMethod> {
  const { store, access, protection, proposals, clock, log } = context;
  return {
    async schema({ application }, { caller }) {
      requireOwn(application, caller);
      const found = await store.schemas.get(application);
      return found && { ...found, schema: JSON.parse(found.schema) as unknown };
    },
    async setSchema({ application, schema }, { caller }) {
      requireOwn(application, caller);
      const revision = await store.alone(application, async () => {
        if (schema === null) return store.schemas.put(application, undefined);
        const check = await store.schemas.compile(schema);
        const faults = await store.read(application, async (state) => {
          const own = await schemaFaults(state, check);
          if (own.length > 0 || state.overlay === undefined) return own;
          // Members of a rollout see what it gives already.
          return schemaFaults(state, check, { changes: effectiveChanges(state, state.overlay.changes) });
        });
        if (faults.length > 0) throw faultsError(application, faults);
        const record = { schema: JSON.stringify(schema), author: caller.id, at: clock.now() };
        return store.schemas.put(application, record);
      });
      log.info('config.set-schema', { application, caller: caller.id, revision, isRemoved: schema === null });
      return { revision };
    },
    check({ application, changes }, { caller }) {
      requireOwn(application, caller);
      return store.check(
        application,
        changes.map(({ key, value, layer = DEFAULT_LAYER }) => ({ layer, key, value })),
      );
    },
    async protect({ application, environment, isProtected }, { caller }) {
      requireOwn(application, caller);
      const name = environmentOf(environment);
      if (name === undefined) {
        throw new OperatingError('invalid', `"${environment}" stands for no environment: protect one that has a name`);
      }
      const by = { author: caller.id, at: clock.now() };
      await store.alone(application, () => protection.set(application, { environment: name, isProtected }, by));
      log.info('config.protect', { application, environment: name, isProtected, caller: caller.id });
      return {};
    },
    async proposals({ application }, { caller }) {
      const wanted = application ?? caller.application;
      if (wanted !== undefined) requireOwn(wanted, caller);
      const found = await proposals.list(wanted);
      return Promise.all(
        found.map((proposal) =>
          store.read(proposal.application, (state) => ({
            ...proposal,
            environments: [...proposal.environments],
            changes: redactChanges(
              proposal.changes.filter(({ layer }) => maySeeLayer(caller, state, layer)),
              access.mayOpen(caller, state),
            ),
          })),
        ),
      );
    },
    async approve({ id, comment }, { caller }) {
      const proposal = await proposals.require(id);
      requireOwn(proposal.application, caller);
      if (proposal.author === caller.id) {
        throw new OperatingError('denied', `${caller.id} has proposed ${id}: another person must approve it`);
      }
      const outcome = await approveProposal(context, proposal, { approvedBy: caller.id, comment });
      const { application, author } = proposal;
      log.info('config.approve', { application, proposal: id, author, caller: caller.id, revision: outcome.revision });
      return outcome;
    },
    async reject({ id, comment }, { caller }) {
      const proposal = await proposals.require(id);
      requireOwn(proposal.application, caller);
      if (proposal.author !== caller.id && !holdsScope(caller.scopes, 'config:approve')) {
        throw new OperatingError('denied', `${caller.id} may not settle ${id}, which is of ${proposal.author}`);
      }
      await proposals.delete(proposal);
      const { application, author } = proposal;
      log.info('config.reject', { application, proposal: id, author, caller: caller.id, comment });
      return {};
    },
  };
}
