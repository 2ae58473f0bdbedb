import { describeError } from '@plumb/base';
import type { Rollout, Stage } from '@plumb/config-store';
import { formatCount, formatNumber, Status, type Tone } from '@plumb/ui';
import type { JSX } from 'preact';
import { addNotice } from '../store/console-store.ts';
import { Ago } from './ago.tsx';
import type { ConfigPartProps } from './config-values.tsx';
import { useConsole } from './console-context.ts';
import { useAnswer } from './use-answer.ts';
import { ValueChangeLine } from './value-change.tsx';

/** Of those that ended: the last few explain what is in force. */
const ENDED_SHOWN = 3;

/** Changes that only some instances have yet, and how the last ones ended. */
export function ConfigRollouts({ application, pulse }: ConfigPartProps): JSX.Element | null {
  const { api } = useConsole();
  const { value: rollouts } = useAnswer((signal) => api.config.rollouts({ application }, { signal }), application, [
    pulse.rollouts.value,
  ]);
  if (rollouts === undefined || rollouts.length === 0) return null;
  const open = rollouts.filter(({ state }) => state === 'running' || state === 'held');
  const ended = rollouts.filter((rollout) => !open.includes(rollout)).slice(0, ENDED_SHOWN);
  return (
    <section class="stack" aria-label="Rollouts">
      {[...open, ...ended].map((rollout) => (
        <RolloutCard key={rollout.id} rollout={rollout} />
      ))}
    </section>
  );
}

const STATES: Readonly<Record<Rollout['state'], { readonly word: string; readonly tone: Tone }>> = {
  running: { word: 'Rolling out', tone: 'busy' },
  held: { word: 'Held', tone: 'warn' },
  done: { word: 'Everybody has it', tone: 'good' },
  reverted: { word: 'Reverted', tone: 'bad' },
};

function RolloutCard({ rollout }: { readonly rollout: Rollout }): JSX.Element {
  const { store, api } = useConsole();
  const { id, state, stages, stage, reason, changes, instances, gate, lastGate, author, at, comment } = rollout;
  const isOpen = state === 'running' || state === 'held';
  const { word, tone } = STATES[state];
  const act = async (action: 'widenRollout' | 'revertRollout'): Promise<void> => {
    try {
      await api.config[action]({ id });
    } catch (error) {
      addNotice(store, 'bad', describeError(error));
    }
  };
  return (
    <article class="card rollout">
      <header class="card-head">
        <h2>
          <Status tone={tone} word={word} />
        </h2>
        <span class="card-meta soft">
          {author}, <Ago at={at} />
        </span>
      </header>
      <p class="card-text">{comment === undefined ? reason : `${comment}: ${reason}`}</p>
      <ol class="stage-line" aria-label="Stages">
        {stages.map((one, index) => (
          <li
            key={index}
            class={index < stage || state === 'done' ? 'is-past' : index === stage && isOpen ? 'is-now' : undefined}
            aria-current={index === stage && isOpen ? 'step' : undefined}
          >
            {stageWord(one)}
          </li>
        ))}
      </ol>
      {gate !== undefined && (
        <p class="card-text soft">
          Gate <code>{gate.query}</code> {gate.max !== undefined && `at most ${gate.max}`}{' '}
          {gate.min !== undefined && `at least ${gate.min}`}
          {lastGate !== undefined && (
            <>
              {' '}
              · {lastGate.value === undefined ? 'no value' : formatNumber(lastGate.value)} <Ago at={lastGate.at} />
            </>
          )}
        </p>
      )}
      <ul class="change-lines">
        {changes.map(({ key, layer, before, after }) => (
          <ValueChangeLine key={`${layer} ${key}`} name={key} layer={layer} before={before} after={after} />
        ))}
      </ul>
      {isOpen && (
        <footer class="card-foot config-form-actions">
          <span class="soft" title={instances.join(', ')}>
            {formatCount(instances.length, 'instance')} {instances.length === 1 ? 'has' : 'have'} it
          </span>
          <button type="button" class="button is-small is-dangerous" onClick={() => void act('revertRollout')}>
            Revert
          </button>
          <button type="button" class="button is-small" onClick={() => void act('widenRollout')}>
            {stage + 1 < stages.length ? 'Widen' : 'Finish'}
          </button>
        </footer>
      )}
    </article>
  );
}

function stageWord(stage: Stage): string {
  return 'percent' in stage ? `${stage.percent} %` : formatCount(stage.instances, 'instance');
}
