import { describeError } from '@plumb/base';
import type { Proposal } from '@plumb/config-store';
import type { JSX } from 'preact';
import type { ConfigPulse } from '../store/config-follow.ts';
import { addNotice } from '../store/console-store.ts';
import { Ago } from './ago.tsx';
import { useConsole } from './console-context.ts';
import { useAnswer } from './use-answer.ts';
import { ValueChangeLine } from './value-change.tsx';

export function useProposals(application: string, pulse: ConfigPulse): readonly Proposal[] | undefined {
  const { api } = useConsole();
  return useAnswer((signal) => api.config.proposals({ application }, { signal }), application, [pulse.proposals.value])
    .value;
}

/** Changes that wait for a second person. */
export function ConfigProposals({
  proposals,
}: {
  readonly proposals: readonly Proposal[] | undefined;
}): JSX.Element | null {
  if (proposals === undefined || proposals.length === 0) return null;
  return (
    <section class="stack" aria-label="To approve">
      {proposals.map((proposal) => (
        <ProposalCard key={proposal.id} proposal={proposal} />
      ))}
    </section>
  );
}

function ProposalCard({ proposal }: { readonly proposal: Proposal }): JSX.Element {
  const { store, api } = useConsole();
  const { id, author, at, comment, changes, environments } = proposal;
  const isMine = store.me.value === author;
  const decide = async (decision: 'approve' | 'reject'): Promise<void> => {
    try {
      const outcome = await api.config[decision]({ id });
      const isConflict = 'kind' in outcome && outcome.kind === 'conflict';
      const said = decision === 'approve' ? 'It is in force' : isMine ? 'You took it back' : 'It was turned down';
      addNotice(store, isConflict ? 'bad' : 'good', isConflict ? 'A value has changed since: propose it again' : said);
    } catch (error) {
      addNotice(store, 'bad', describeError(error));
    }
  };
  return (
    <article class="card">
      <header class="card-head">
        <h2>
          {author} would change {environments.join(', ')}
        </h2>
        <span class="card-meta soft">
          <Ago at={at} />
        </span>
      </header>
      {comment !== undefined && <p class="card-text">{comment}</p>}
      <ul class="change-lines">
        {changes.map(({ key, layer, before, after }) => (
          <ValueChangeLine key={`${layer} ${key}`} name={key} layer={layer} before={before} after={after} />
        ))}
      </ul>
      <footer class="card-foot config-form-actions">
        {isMine && <span class="soft">Another person must approve it.</span>}
        <button type="button" class="button is-small" onClick={() => void decide('reject')}>
          {isMine ? 'Take back' : 'Reject'}
        </button>
        {!isMine && (
          <button type="button" class="button is-small is-primary" onClick={() => void decide('approve')}>
            Approve
          </button>
        )}
      </footer>
    </article>
  );
}
