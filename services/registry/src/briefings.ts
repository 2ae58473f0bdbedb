/** What a program needs to begin its work, in one answer: its configuration, and where those are that it needs. */
import { describeError, type Log } from '@plumb/base';
import type { ConfigValue } from '@plumb/config/feed';
import { type Caller, holdsScope } from '@plumb/rpc';
import type { Briefing } from './contract.ts';
import type { Place } from './order-instances.ts';
import type { RegistryView } from './registry-view.ts';
import type { ResolvedAnswers } from './resolved-answers.ts';

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
  readonly answers: ResolvedAnswers;
  readonly readConfig: ReadConfig | undefined;
  readonly log: Log;
};

/** One reading for all who ask for the same application while it is under way: instances are started by the dozen. */
export function shareReads(readConfig: ReadConfig): ReadConfig {
  const reading = new Map<string, ReturnType<ReadConfig>>();
  return async (application) => {
    const known = reading.get(application);
    if (known !== undefined) return known;
    const read = readConfig(application).finally(() => reading.delete(application));
    reading.set(application, read);
    return read;
  };
}

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
  const { view, answers } = dependencies;
  const needs =
    view.services.get(request.service ?? '')?.needs ?? view.applications.get(request.application)?.needs ?? [];
  const peers = needs.map((service) => {
    const { instances } = answers.get({ service, includeUnready: false, near: request.near }).value;
    return { service, instances: instances.slice(0, PEER_INSTANCES_MAX) };
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
