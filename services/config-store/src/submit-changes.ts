/** How a change that somebody asks for is made: at once, as a proposal where an environment is protected, or not at all. */
import { OperatingError } from '@plumb/base';
import { isDeepStrictEqual } from 'node:util';
import type { ApplicationValues } from './application-values.ts';
import { faultsError } from './change-faults.ts';
import type { CommitBy } from './commit-writer.ts';
import type { ConfigStore } from './config-store.ts';
import type { Proposal } from './contract/guards.ts';
import type { ValueChange } from './contract/shapes.ts';
import { effectiveChanges, type KeyChange, toValueChanges } from './key-change.ts';
import { findOverlayClash } from './rollout-overlay.ts';
import type { Proposals } from './proposals.ts';
import { type Protection, reachedBy } from './protection.ts';

export type SubmitDependencies = {
  readonly store: ConfigStore;
  readonly protection: Protection;
  readonly proposals: Proposals;
};

export type Wanted<A> =
  | { readonly kind: 'commit'; readonly changes: readonly KeyChange[] }
  | { readonly kind: 'answer'; readonly answer: A };

export type Submitted =
  | { readonly kind: 'stored'; readonly revision: number }
  | { readonly kind: 'proposed'; readonly proposal: string };

/** What would be different, with every fault found. */
export type Checked = { readonly kind: 'checked'; readonly revision: number; readonly changes: ValueChange[] };

/** @throws OperatingError as `ConfigStore.commit`, and `exhausted` for too many proposals. */
export function submitChanges<A = never>(
  { store, protection, proposals }: SubmitDependencies,
  application: string,
  plan: (state: ApplicationValues) => Wanted<A> | Promise<Wanted<A>>,
  by: CommitBy,
): Promise<Submitted | A> {
  return store.commit<Submitted | A>(
    application,
    async (state) => {
      const wanted = await plan(state);
      if (wanted.kind === 'answer') return wanted;
      const changes = effectiveChanges(state, wanted.changes);
      const guard = await protection.read(application);
      const environments = reachedBy(changes, guard.environments);
      if (environments.length === 0) return { kind: 'commit', changes, compare: [guard.compare] };
      await requireFit(store, application, state, changes);
      const { author, comment } = by;
      const proposal = await proposals.add({
        application,
        changes: toValueChanges(state, changes),
        author,
        environments,
        ...(comment !== undefined && { comment }),
      });
      return { kind: 'answer', answer: { kind: 'proposed', proposal } };
    },
    by,
  );
}

/** @throws OperatingError `invalid` with every fault. */
export async function checkChanges(
  store: ConfigStore,
  application: string,
  state: ApplicationValues,
  wanted: readonly KeyChange[],
): Promise<Checked> {
  const changes = effectiveChanges(state, wanted);
  await requireFit(store, application, state, changes);
  return { kind: 'checked', revision: state.revision, changes: toValueChanges(state, changes) };
}

/**
 * Makes a proposal a change, in one transaction with its end.
 * @throws OperatingError `conflict` where a value is no longer what it was; the proposal stays then.
 */
export function approveProposal(
  { store, proposals }: SubmitDependencies,
  proposal: Proposal,
  by: { readonly approvedBy: string; readonly comment?: string | undefined },
): Promise<{ readonly kind: 'stored'; readonly revision: number }> {
  const { application, author } = proposal;
  const comment = joinComments(proposal.comment, by.comment);
  return store.commit(
    application,
    async (state) => {
      // It may have been settled since it was asked for.
      await proposals.require(proposal.id);
      const stale = proposal.changes.find(({ layer, key, before }) => {
        return !isDeepStrictEqual(state.get(layer, key)?.value, before);
      });
      if (stale !== undefined) {
        throw new OperatingError(
          'conflict',
          `${application}.${stale.key} has changed in ${stale.layer} since it was proposed: reject it, and propose it again`,
        );
      }
      return {
        kind: 'commit',
        changes: proposal.changes.map(({ layer, key, after }) => ({ layer, key, value: after })),
        operations: [proposals.deleteOperation(proposal)],
      };
    },
    { author, approvedBy: by.approvedBy, ...(comment !== undefined && { comment }) },
  );
}

async function requireFit(
  store: ConfigStore,
  application: string,
  state: ApplicationValues,
  changes: readonly KeyChange[],
): Promise<void> {
  const { overlay } = state;
  const clash = overlay && changes.map(({ key }) => findOverlayClash(overlay, key)).find((key) => key !== undefined);
  if (clash !== undefined) {
    throw new OperatingError(
      'conflict',
      `${application}.${clash} is being rolled out by ${overlay?.id}: wait for its end`,
    );
  }
  const faults = await store.faultsIn(application, state, changes);
  if (faults.length > 0) throw faultsError(application, faults);
}

/** A comment has room for 500 characters. */
const COMMENT_LENGTH_MAX = 500;

function joinComments(proposed: string | undefined, approved: string | undefined): string | undefined {
  if (approved === undefined) return proposed;
  if (proposed === undefined) return approved;
  return `${proposed} / ${approved}`.slice(0, COMMENT_LENGTH_MAX);
}
