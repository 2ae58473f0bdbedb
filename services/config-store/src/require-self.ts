import { OperatingError } from '@plumb/base';
import type { Caller } from '@plumb/rpc';
import { requireOwn } from './config-access.ts';

/** @throws OperatingError `denied` for a process that speaks for another instance, or another application. */
export function requireSelf(application: string, instance: string, caller: Caller): void {
  requireOwn(application, caller);
  if (caller.application === undefined || caller.id === instance) return;
  throw new OperatingError('denied', `${caller.id} may not speak for ${instance}`);
}
