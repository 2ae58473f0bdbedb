import type { ConfigConvergence } from '@plumb/config-store';
import { Empty, formatCount, Skeleton, Status } from '@plumb/ui';
import type { JSX } from 'preact';
import { Ago } from './ago.tsx';
import { ConfigRollouts } from './config-rollouts.tsx';
import type { ConfigPartProps } from './config-values.tsx';
import { useConsole } from './console-context.ts';
import { useAnswer } from './use-answer.ts';

function useConvergence({ application, pulse }: ConfigPartProps): ConfigConvergence | undefined {
  const { api } = useConsole();
  return useAnswer((signal) => api.config.convergence({ application }, { signal }), application, [
    pulse.convergence.value,
    pulse.values.value,
    pulse.rollouts.value,
  ]).value;
}

/** One line: how many run what is in force. */
export function InstancesStatus(props: ConfigPartProps): JSX.Element {
  const convergence = useConvergence(props);
  if (convergence === undefined) return <p>&nbsp;</p>;
  const { revision, instances } = convergence;
  if (instances.length === 0)
    return <p class="soft">{revision === 0 ? 'No values yet' : `Revision ${revision}; no instance follows it`}</p>;
  const there = instances.filter(({ isConverged }) => isConverged).length;
  const word = `${there} of ${formatCount(instances.length, 'instance')} ${instances.length === 1 ? 'runs' : 'run'} what is in force`;
  return (
    <output class="soft">
      <Status tone={there === instances.length ? 'good' : 'busy'} word={word} />
    </output>
  );
}

/** Rollouts, and who runs which revision. */
export function ConfigInstances(props: ConfigPartProps): JSX.Element {
  const convergence = useConvergence(props);
  return (
    <>
      <ConfigRollouts {...props} />
      {convergence === undefined ? (
        <Skeleton class="card application-skeleton" lines={4} />
      ) : (
        <section class="card" aria-labelledby="instances-title">
          <header class="card-head">
            <h2 id="instances-title">Who runs what</h2>
            <span class="card-meta soft">revision {convergence.revision}</span>
          </header>
          {convergence.instances.length === 0 ? (
            <Empty title="No instance follows this configuration">
              A program that uses @plumb/config says by itself which revision it runs.
            </Empty>
          ) : (
            <>
              <InstanceDots instances={convergence.instances} />
              <InstanceTable instances={convergence.instances} />
            </>
          )}
        </section>
      )}
    </>
  );
}

type Instances = ConfigConvergence['instances'];

/** A dot an instance: the picture of how far a change is. The table below says the same in words. */
function InstanceDots({ instances }: { readonly instances: Instances }): JSX.Element {
  return (
    <div class="instance-dots" aria-hidden="true">
      {instances.map(({ instance, isConverged, rollout }) => (
        <i
          key={instance}
          class={isConverged ? (rollout === undefined ? 'is-there' : 'is-ahead') : ''}
          title={instance}
        />
      ))}
    </div>
  );
}

/** Those that are behind come first: they are what one looks for. */
const ROWS_SHOWN = 100;

function InstanceTable({ instances }: { readonly instances: Instances }): JSX.Element {
  const sorted = instances.toSorted((a, b) => Number(a.isConverged) - Number(b.isConverged));
  return (
    <table class="instance-table">
      <thead>
        <tr>
          <th scope="col">Instance</th>
          <th scope="col">Runs</th>
          <th scope="col">Place</th>
          <th scope="col">Said</th>
        </tr>
      </thead>
      <tbody>
        {sorted.slice(0, ROWS_SHOWN).map(({ instance, isConverged, revision, environment, rollout, at }) => (
          <tr key={instance}>
            <th scope="row">
              <code>{instance}</code>
            </th>
            <td>
              <Status
                tone={isConverged ? 'good' : 'busy'}
                word={
                  isConverged ? (rollout === undefined ? 'what is in force' : 'the rollout') : `revision ${revision}`
                }
              />
            </td>
            <td class="soft">{environment}</td>
            <td class="soft">
              <Ago at={at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
