/** What a program needs to begin its work, in one answer: its configuration, and where those are that it needs. */
import { describeError, type Log } from '@plumb/base';
import type { ConfigValue, Coordinates } from '@plumb/config/feed';
import { type Caller, holdsScope } from '@plumb/rpc';
import type { Briefing } from './contract.ts';
import type { Place } from './order-instances.ts';
import type { RegistryView } from './registry-view.ts';
import type { ResolvedAnswers } from './resolved-answers.ts';

/** Instances of one peer: more than anybody connects to at a time. All of them are in `resolve` and `watchService`. */
export const PEER_INSTANCES_MAX = 32;
/** What reading configuration asks for, whichever method answers with it. */
const CONFIG_SCOPE = 'config:read';

/** Who asks, and where it is. */
export type ConfigReader = { readonly caller: Caller; readonly coordinates: Coordinates };

/** The values in force of an application where the reader is, with the secrets that are for the reader. */
export type ReadConfig = (
  application: string,
  reader: ConfigReader,
) => Promise<{ readonly revision: number; readonly values: Readonly<Record<string, ConfigValue>> }>;

export type BriefingDependencies = {
  readonly view: RegistryView;
  readonly answers: ResolvedAnswers;
  readonly readConfig: ReadConfig | undefined;
  readonly log: Log;
};

/**
 * One reading for all that one caller asks for the same while it is under way: a supervisor announces instances by the
 * dozen. Two callers have nothing to share, since secrets and grey releases are for some of them only.
 */
export function shareReads(readConfig: ReadConfig): ReadConfig {
  const reading = new Map<string, ReturnType<ReadConfig>>();
  return async (application, reader) => {
    const { environment, releaseEnvironment, region } = reader.coordinates;
    const key = JSON.stringify([application, reader.caller.id, environment, releaseEnvironment, region]);
    const known = reading.get(key);
    if (known !== undefined) return known;
    const read = readConfig(application, reader).finally(() => reading.delete(key));
    reading.set(key, read);
    return read;
  };
}

export type BriefingRequest = {
  readonly application: string;
  /** Its needs; those of the whole application where it has no service of its own. */
  readonly service: string | undefined;
  readonly caller: Caller;
  readonly coordinates: Coordinates | undefined;
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
  { application, caller, coordinates = {} }: BriefingRequest,
  { readConfig, log }: BriefingDependencies,
): Promise<Briefing['config']> {
  try {
    const config = await readConfig?.(application, { caller, coordinates });
    return config && { revision: config.revision, values: { ...config.values } };
  } catch (error) {
    // Who announces itself is there, whatever ails the configuration; it is asked for that again.
    log.warn('registry.config-failed', { application, error: describeError(error) });
    return undefined;
  }
}
