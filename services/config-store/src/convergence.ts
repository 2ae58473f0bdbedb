/**
 * Who follows the feed, and the proof of what they run: an instance is converged when the digest of its values, which it
 * reports, is that of the values that it is to have now at its place, as a member of a rollout or not, and it has applied
 * the last event that it was sent. In memory: processes say it again when they connect again.
 */
import { type Clock, OperatingError } from '@plumb/base';
import { digestOf } from '@plumb/config/digest';
import type { ConfigFeedEvent } from '@plumb/config/feed';
import { type Caller, holdsScope, type SharedValue } from '@plumb/rpc';
import type { ApplicationValues, Reader, ViewPlace } from './application-values.ts';
import type { ConfigConvergence } from './contract/rollouts.ts';

/** Instances that are remembered of an application; beyond it the one that came first is forgotten until it comes again. */
const INSTANCES_MAX = 10_000;

export type InstanceReader = Reader & { readonly instance: string };
export type Report = { readonly revision: number; readonly digest?: string | undefined };

type Follower = {
  reader: InstanceReader;
  /** The caller that it speaks by. */
  speaker: string;
  watchCount: number;
  /** Of the last event on its way to it. */
  sentRevision: number;
  report: (Report & { readonly at: number }) | undefined;
  readonly since: number;
};

export type ConvergedInstance = ConfigConvergence['instances'][number];

export class Convergence {
  readonly #clock: Clock;
  readonly #onNews: (application: string) => void;
  readonly #applications = new Map<string, Map<string, Follower>>();
  /** What readers are to have, by their place, at the revision that a state was at. */
  readonly #digests = new WeakMap<
    ApplicationValues,
    { readonly revision: number; readonly byPlace: Map<string, string> }
  >();

  /** `onNews` is told of the application when an instance comes, goes or reports. */
  constructor(clock: Clock, onNews: (application: string) => void = () => undefined) {
    this.#clock = clock;
    this.#onNews = onNews;
  }

  /**
   * Who holds all scopes may speak for every instance, as plumbd does for those whose files it writes; others for one that
   * is their own, or that nobody else speaks for.
   * @throws OperatingError `denied`.
   */
  requireSpeaker(application: string, instance: string, caller: Caller): void {
    const speaker = this.#applications.get(application)?.get(instance)?.speaker;
    if (speaker === undefined || speaker === caller.id) return;
    if (caller.application !== undefined || holdsScope(caller.scopes, '*')) return;
    throw new OperatingError('denied', `${caller.id} may not speak for ${instance}: ${speaker} does`);
  }

  /** The events of a feed, noted as those of its reader. @throws OperatingError as `requireSpeaker`. */
  async *follow(
    application: string,
    reader: InstanceReader,
    { caller, events }: { readonly caller: Caller; readonly events: AsyncIterable<SharedValue<ConfigFeedEvent>> },
  ): AsyncGenerator<SharedValue<ConfigFeedEvent>> {
    this.requireSpeaker(application, reader.instance, caller);
    const follower = this.#begin(application, reader, caller);
    try {
      for await (const event of events) {
        follower.sentRevision = event.value.revision;
        yield event;
      }
    } finally {
      this.#end(application, reader.instance, follower);
    }
  }

  /** What an instance says that does not follow the feed proves nothing, and is not kept. */
  report(application: string, instance: string, report: Report): void {
    const follower = this.#applications.get(application)?.get(instance);
    if (follower === undefined) return;
    follower.report = { ...report, at: this.#clock.now() };
    this.#onNews(application);
  }

  /** In no order. */
  readers(application: string): InstanceReader[] {
    return [...(this.#applications.get(application)?.values() ?? [])].map(({ reader }) => reader);
  }

  /** By instance. `state` is that of the application now. */
  list(application: string, state: ApplicationValues): ConvergedInstance[] {
    const followers = [...(this.#applications.get(application)?.values() ?? [])];
    followers.sort((a, b) => (a.reader.instance < b.reader.instance ? -1 : 1));
    return followers.map(({ reader, report, since, sentRevision }) => {
      const place = state.placeOf(reader);
      const isApplied = report !== undefined && report.revision >= sentRevision;
      const environment = reader.coordinates.environment ?? state.environment;
      return {
        instance: reader.instance,
        revision: report?.revision ?? 0,
        at: report?.at ?? since,
        isConverged: isApplied && report.digest === this.#digestAt(place, state),
        ...(environment === undefined ? {} : { environment }),
        ...(report?.digest === undefined ? {} : { digest: report.digest }),
        ...(place.isMember && state.overlay !== undefined ? { rollout: state.overlay.id } : {}),
      };
    });
  }

  #begin(application: string, reader: InstanceReader, caller: Caller): Follower {
    const followers = this.#applications.get(application) ?? new Map<string, Follower>();
    this.#applications.set(application, followers);
    const known = followers.get(reader.instance);
    // One that came back may do so before its lost connection is noticed: what counts is what it says from then on.
    const speaker = caller.id;
    const since = this.#clock.now();
    const follower = known ?? { reader, speaker, watchCount: 0, sentRevision: 0, report: undefined, since };
    follower.reader = reader;
    // A process is the instance that it says, whoever said so before it.
    if (caller.application !== undefined) follower.speaker = speaker;
    follower.watchCount += 1;
    followers.set(reader.instance, follower);
    const oldest = followers.keys().next().value;
    if (followers.size > INSTANCES_MAX && oldest !== undefined) followers.delete(oldest);
    this.#onNews(application);
    return follower;
  }

  /** With the last watch goes what the instance said. */
  #end(application: string, instance: string, follower: Follower): void {
    follower.watchCount -= 1;
    const followers = this.#applications.get(application);
    if (follower.watchCount > 0 || followers?.get(instance) !== follower) return;
    followers.delete(instance);
    if (followers.size === 0) this.#applications.delete(application);
    this.#onNews(application);
  }

  /** Computed once for all readers of a place, until anything changes. */
  #digestAt(place: ViewPlace, state: ApplicationValues): string {
    const { revision } = state;
    const known = this.#digests.get(state);
    const byPlace = known?.revision === revision ? known.byPlace : new Map<string, string>();
    this.#digests.set(state, { revision, byPlace });
    const digest = byPlace.get(place.id) ?? digestOf(state.viewAt(place));
    byPlace.set(place.id, digest);
    return digest;
  }
}
