/** What a person can do to a unit. The result shows by itself: the deploy feed tells of every change of state. */
import { describeError } from '@plumb/base';
import type { DeployClient, UnitStatus } from '@plumb/deploy';
import { addNotice, type ConsoleStore } from './console-store.ts';

/** `start` is a restart of what does not run, also the way back from `crashed`. */
export type UnitAction = 'start' | 'restart' | 'stop' | 'kill';

const DONE: Readonly<Record<UnitAction, string>> = {
  start: 'is starting',
  restart: 'is restarting',
  stop: 'is stopping',
  kill: 'was killed; watch it heal',
};

export async function runUnitAction(
  store: Pick<ConsoleStore, 'notices'>,
  { deploy }: { readonly deploy: Pick<DeployClient, 'restart' | 'stop' | 'kill'> },
  action: UnitAction,
  { application, component, unit }: Pick<UnitStatus, 'application' | 'component' | 'unit'>,
): Promise<void> {
  try {
    await deploy[action === 'start' ? 'restart' : action]({ application, component });
    addNotice(store, 'good', `${unit} ${DONE[action]}`);
  } catch (error) {
    addNotice(store, 'bad', `could not ${action} ${unit}: ${describeError(error)}`);
  }
}

/** What makes sense in its present state. */
export function unitActions({ state }: Pick<UnitStatus, 'state'>): readonly UnitAction[] {
  switch (state) {
    case 'stopped':
    case 'crashed':
      return ['start'];
    case 'stopping':
      return [];
    case 'waiting':
    case 'backoff':
      return ['restart', 'stop'];
    case 'starting':
    case 'running':
      return ['restart', 'stop', 'kill'];
  }
}
