import { DEFAULT_LAYER } from '@plumb/config/layers';
import type { Caller } from '@plumb/rpc';
import { type ConfigAccess, maySeeLayer, requireOwn } from './config-access.ts';
import type { ConfigStore } from './config-store.ts';
import type { ConfigHandlers } from './contract.ts';
import type { Rollout, rolloutsContract } from './contract/rollouts.ts';
import type { Convergence } from './convergence.ts';
import { requireSelf } from './require-self.ts';
import { type MayOpen, redactFields } from './redact.ts';
import { isRunning } from './rollout-record.ts';
import type { KnownRollout } from './rollout-records.ts';
import type { Rollouts } from './rollouts.ts';

export type RolloutHandlerDependencies = {
  readonly store: ConfigStore;
  readonly rollouts: Rollouts;
  readonly convergence: Convergence;
  readonly access: ConfigAccess;
};

/** Rollouts, and who runs what. A process that Plumb runs sees its own application only. */
export function createRolloutHandlers({
  store,
  rollouts,
  convergence,
  access,
}: RolloutHandlerDependencies): Pick<ConfigHandlers, keyof typeof rolloutsContract | 'report'> {
  const requireOwnRollout = (id: string, caller: Caller): void => requireOwn(rollouts.applicationOf(id), caller);
  const show = (known: KnownRollout, caller: Caller): Promise<Rollout> =>
    store.read(known.record.application, (state) => {
      const changes = known.record.changes.filter(({ layer }) => maySeeLayer(caller, state, layer));
      return toRollout({ ...known, record: { ...known.record, changes } }, access.mayOpen(caller, state));
    });
  return {
    async startRollout({ changes, ...request }, { caller }) {
      requireOwn(request.application, caller);
      const wanted = changes.map(({ layer = DEFAULT_LAYER, ...change }) => ({ layer, ...change }));
      return show(await rollouts.start({ ...request, changes: wanted }, caller.id), caller);
    },
    rollouts({ application }, { caller }) {
      const wanted = application ?? caller.application;
      if (wanted !== undefined) requireOwn(wanted, caller);
      return Promise.all(rollouts.list(wanted).map((known) => show(known, caller)));
    },
    async widenRollout({ id, stage, comment }, { caller }) {
      requireOwnRollout(id, caller);
      const decision = { author: caller.id, comment, reason: `widened by ${caller.id}` };
      return show(await rollouts.widen(id, stage, decision), caller);
    },
    async revertRollout({ id, comment }, { caller }) {
      requireOwnRollout(id, caller);
      const decision = { author: caller.id, comment, reason: 'it was reverted' };
      return show(await rollouts.revert(id, decision), caller);
    },
    convergence({ application }, { caller }) {
      requireOwn(application, caller);
      return store.read(application, (state) => ({
        revision: state.revision,
        instances: convergence.list(application, state),
      }));
    },
    report({ application, instance, revision, digest }, { caller }) {
      requireSelf(application, instance, caller);
      convergence.requireSpeaker(application, instance, caller);
      convergence.report(application, instance, { revision, digest });
      return {};
    },
  };
}

function toRollout({ record, revision }: KnownRollout, mayOpen: MayOpen): Rollout {
  const { members, changes, stages, lastGate, isTold: _isTold, ...rest } = record;
  const gate = lastGate && { at: lastGate.at, value: lastGate.value, verdict: lastGate.verdict };
  return {
    ...rest,
    stages: [...stages],
    changes: changes.map((change) => redactFields(change, ['before', 'after'], mayOpen)),
    instances: isRunning(record) ? [...members] : [],
    ...(gate && { lastGate: gate }),
    revision,
  };
}
