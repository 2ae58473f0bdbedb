/** From what the supervisor, the probe and the needs say to one health and one state. Pure. */
import { formatDuration } from '@plumb/base';
import type { Health } from '@plumb/registry';
import { describeExit, type Exit, type SupervisedStatus } from '@plumb/supervise';
import type { UnitState } from './contract.ts';

export type HealthFacts = {
  readonly supervised: Pick<SupervisedStatus, 'state' | 'readiness' | 'lastExit'>;
  /** It has ended by itself and was not started again yet. */
  readonly isDown: boolean;
  /** Needs that it waits for before its start. */
  readonly waitsFor: readonly string[];
  /** Needs that are not ready now, as `eth is failed: …`. */
  readonly troubles: readonly string[];
  /** Of a chain node, at its last probe since its start. */
  readonly chainHealth: Health | undefined;
  /** Of the last crash loop; `words` are what the program said last. */
  readonly crash:
    | { readonly exitCount: number; readonly withinMs: number; readonly words?: string | undefined }
    | undefined;
};

export type HealthView = { readonly state: Health['state']; readonly reason?: string | undefined };

export function viewState({ supervised, isDown, waitsFor, chainHealth }: HealthFacts): UnitState {
  const { state } = supervised;
  if (state !== 'starting' && state !== 'running') return state;
  if (waitsFor.length > 0) return 'waiting';
  if (isDown) return 'backoff';
  // A node that syncs, lags or stalls runs, whether or not it was ever ready.
  const isAnswering = chainHealth !== undefined && chainHealth.state !== 'starting';
  return state === 'starting' && isAnswering ? 'running' : state;
}

export function viewHealth(facts: HealthFacts): HealthView {
  const { supervised, isDown, waitsFor, troubles, chainHealth } = facts;
  const { readiness } = supervised;
  const exit = supervised.lastExit;
  switch (supervised.state) {
    case 'stopped':
      return { state: 'unready', reason: 'it is stopped' };
    case 'stopping':
      return { state: 'unready', reason: 'it is being stopped' };
    case 'crashed':
      return { state: 'failed', reason: describeCrash(facts.crash, exit) };
    case 'backoff':
      return { state: 'failed', reason: `it is being restarted: it ${exitText(exit)}` };
    case 'starting':
    case 'running':
      break;
  }
  if (waitsFor.length > 0) return { state: 'starting', reason: `waits for ${waitsFor.join(', ')}` };
  if (isDown) return { state: 'failed', reason: `it is being restarted: it ${exitText(exit)}` };
  if (chainHealth !== undefined) return chainHealth;
  const isStarting = supervised.state === 'starting';
  if (!readiness.ready) return { state: isStarting ? 'starting' : 'unready', reason: readiness.reason };
  return troubles.length === 0 ? { state: 'ready' } : { state: 'unready', reason: troubles.join(', ') };
}

function exitText(exit: Exit | undefined): string {
  return exit === undefined ? 'has ended' : describeExit(exit);
}

function describeCrash(crash: HealthFacts['crash'], exit: Exit | undefined): string {
  if (crash === undefined) return `it ${exitText(exit)}; it stays down`;
  const { exitCount, withinMs, words } = crash;
  const times = `${exitCount} times in ${formatDuration(withinMs)} and stays down`;
  if (exit?.reason !== undefined) return `it could not be started ${times}: ${exit.reason}`;
  return `it ended ${times}; at last it ${exitText(exit)}${words === undefined ? '' : `: ${JSON.stringify(words)}`}`;
}
