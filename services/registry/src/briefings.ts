/** What a program needs to begin its work, in one answer: its configuration, and where those are that it needs. */
import { describeError, type Log } from '@plumb/base';
import type { ConfigValue } from '@plumb/config/feed';
import { type Caller, holdsScope } from '@plumb/rpc';
import type { Briefing } from './contract.ts';
import { orderInstances, type Place } from './order-instances.ts';
import type { RegistryView } from './registry-view.ts';

/** Instances of one peer: more than anybody connects to at a time. All of them are in `resolve` and `watchService`. */
export const PEER_INSTANCES_MAX = 32;
/** What reading configuration asks for, whichever method answers with it. */
const CONFIG_SCOPE = 'config:read';

/** The values in force of an application. */
export type ReadConfig = (
  application: string,
) => Promise<{ readonly revision: number; readonly values: Readonly<Record<string, ConfigValue>> }>;

export type BriefingDependencies = {
  readonly view: RegistryView;
  readonly readConfig: ReadConfig | undefined;
  readonly log: Log;
};

export type BriefingRequest = {
  readonly application: string;
  /** Its needs; those of the whole application where it has no service of its own. */
  readonly service: string | undefined;
  readonly caller: Caller;
  readonly near: Place;
};

export async function brief(request: BriefingRequest, dependencies: BriefingDependencies): Promise<Briefing> {
  const isConfigured = dependencies.readConfig !== undefined && holdsScope(request.caller.scopes, CONFIG_SCOPE);
  const config = isConfigured ? await readConfigFor(request, dependencies) : undefined;
  const { view } = dependencies;
  const needs =
    view.services.get(request.service ?? '')?.needs ?? view.applications.get(request.application)?.needs ?? [];
  const peers = needs.map((service) => {
    const ready = [...view.instancesOf(service).values()].filter(({ health }) => health.state === 'ready');
    return { service, instances: orderInstances(ready, request.near).slice(0, PEER_INSTANCES_MAX) };
  });
  return config === undefined ? { peers } : { config, peers };
}

async function readConfigFor(
  { application }: BriefingRequest,
  { readConfig, log }: BriefingDependencies,
): Promise<Briefing['config']> {
  try {
    const config = await readConfig?.(application);
    return config && { revision: config.revision, values: { ...config.values } };
  } catch (error) {
    // Who announces itself is there, whatever ails the configuration; it is asked for that again.
    log.warn('registry.config-failed', { application, error: describeError(error) });
    return undefined;
  }
}
