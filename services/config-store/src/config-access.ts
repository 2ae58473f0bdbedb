/**
 * What a caller may see. A process that Plumb runs sees its own application, in its own environment; a secret reaches only
 * callers who own one of its recipients, by whatever method they ask.
 */
import { OperatingError } from '@plumb/base';
import type { Coordinates } from '@plumb/config/feed';
import type { Caller } from '@plumb/rpc';
import type { ApplicationValues, Reader } from './application-values.ts';
import { coordinatesOf, environmentOf } from './layer-order.ts';
import type { Recipients } from './recipients.ts';
import type { MayOpen } from './redact.ts';

export type ConfigAccess = {
  /** @throws OperatingError `denied` for another environment than the process's own. */
  readonly readerOf: (caller: Caller, state: ApplicationValues, coordinates: Coordinates) => Reader;
  readonly mayOpen: (caller: Caller, state: ApplicationValues) => MayOpen;
};

export function createConfigAccess(recipients: Pick<Recipients, 'mayOpen'>): ConfigAccess {
  const mayOpen = (caller: Caller, state: ApplicationValues): MayOpen =>
    recipients.mayOpen(caller, { environment: caller.application === undefined ? undefined : state.environment });
  return {
    mayOpen,
    readerOf(caller, state, coordinates) {
      if (caller.application === undefined) return { coordinates, mayOpen: mayOpen(caller, state) };
      const { environment } = coordinates;
      if (environment !== undefined && state.isDeployed && environmentOf(environment) !== state.environment) {
        throw new OperatingError(
          'denied',
          `${caller.id} runs in ${state.environment ?? 'no environment'} and may not see the configuration of ${environment}`,
        );
      }
      const own = environment ?? state.environment;
      return {
        coordinates,
        instance: caller.id,
        mayOpen: recipients.mayOpen(caller, { environment: environmentOf(own) }),
      };
    },
  };
}

/** Whether a caller may see what a layer says: a process sees no layer of another environment. */
export function maySeeLayer(caller: Caller, state: ApplicationValues, layer: string): boolean {
  const { environment } = coordinatesOf(layer);
  if (caller.application === undefined || environment === undefined || !state.isDeployed) return true;
  return environment === state.environment;
}

/** @throws OperatingError `denied` for a process of another application. */
export function requireOwn(application: string, caller: Caller): void {
  if (caller.application === undefined || caller.application === application) return;
  throw new OperatingError(
    'denied',
    `${caller.id} belongs to ${caller.application} and may not see the configuration of ${application}`,
  );
}
