/**
 * The connections to all instances of one service, and the choice among them.
 *
 * Invariants: there is one link an instance of the list, up to `ENDPOINTS_MAX` of them, and one for each that has left
 * it until its calls have ended. At most half of those that are connected are ejected. Of those that can take a call at
 * once the nearest get it.
 */
import type { Clock, Log, Random } from '@plumb/base';
import type { CallContext } from './call-context.ts';
import type { Channel } from './channel.ts';
import { chooseEndpoints } from './choose-endpoints.ts';
import type { ClientSession } from './client-session.ts';
import { EndpointLink, type EndpointState } from './endpoint-link.ts';
import { pickTwo } from './pick-two.ts';
import type { Endpoint } from './resolver.ts';
import type { SessionRequest } from './session-source.ts';

/**
 * A near instance that has so many calls under way shares with a farther one that has less than half of them: by then
 * calls wait for their turn, which takes longer than the way.
 */
const SHARE_CALLS_MIN = 32;

export type PoolDependencies = {
  readonly open: (endpoint: Endpoint, signal: AbortSignal) => Promise<Channel>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly context?: CallContext | undefined;
  /** Called when a session may have become available, or must not be waited for any more. */
  readonly onChange: () => void;
};

export class EndpointPool {
  readonly #dependencies: PoolDependencies;
  readonly #links = new Map<string, EndpointLink>();
  /** Those that left the list, and those whose address changed. */
  readonly #dropped = new Set<EndpointLink>();
  /** The connected ones of the list, kept so that a choice need not look for them. */
  #usable: readonly EndpointLink[] = [];
  /** Of these, those at the least distance, and the others. */
  #nearest: readonly EndpointLink[] = [];
  #farther: readonly EndpointLink[] = [];
  #ejected: readonly EndpointLink[] = [];

  constructor(dependencies: PoolDependencies) {
    this.#dependencies = dependencies;
  }

  /** Takes the present list: opens what is missing, and drops what is not in it, or not chosen any more. */
  update(endpoints: readonly Endpoint[]): void {
    const isLinked = (endpoint: Endpoint): boolean => {
      const link = this.#links.get(endpoint.id);
      return link !== undefined && isSame(link.endpoint, endpoint);
    };
    const chosen = chooseEndpoints(endpoints, isLinked, this.#dependencies.random);
    const missing = new Map(chosen.map((endpoint) => [endpoint.id, endpoint]));
    for (const [id, link] of this.#links) {
      const endpoint = missing.get(id);
      if (endpoint === undefined || !isSame(endpoint, link.endpoint)) this.#drop(id, link);
      else {
        link.distance = endpoint.distance ?? 0;
        missing.delete(id);
      }
    }
    for (const endpoint of missing.values()) this.#links.set(endpoint.id, this.#open(endpoint));
    this.#refresh();
  }

  /**
   * The session for a call: of one whose time out is up, to see how it is; else of the less loaded of two near ones; else
   * of the nearest that is left; else, where nobody is, of an ejected one, or of one that has left the list and is still connected.
   */
  pick(request: SessionRequest = {}): ClientSession | undefined {
    const probed = this.#ejected.find((link) => link.ejection.isProbeDue && isFree(link, request));
    const link = probed ?? this.#pickUsable(request) ?? this.#pickOf(this.#ejected, request);
    if (link?.ejection.isEjected === true) link.ejection.probe();
    return (link ?? this.#pickOf([...this.#dropped], request))?.session;
  }

  /** The error of those that cannot be connected to for a reason that waiting does not cure, where that is all of them. */
  refusal(): unknown {
    const links = [...this.#links.values()];
    return links.every((link) => link.refusal !== undefined) ? links[0]?.refusal : undefined;
  }

  states(): readonly EndpointState[] {
    return [...this.#links.values(), ...this.#dropped].map((link) => link.state());
  }

  close(): void {
    for (const link of [...this.#links.values(), ...this.#dropped]) link.close();
  }

  #pickUsable(request: SessionRequest): EndpointLink | undefined {
    const isReady = (link: EndpointLink): boolean => isFree(link, request) && !link.isBusy;
    const near = pickTwo(this.#nearest, isBetterFor(request), this.#dependencies.random);
    if (near === undefined || !isReady(near)) return this.#pickOf(this.#usable, request);
    if (near.callCount < SHARE_CALLS_MIN || this.#farther.length === 0) return near;
    const far = pickTwo(this.#farther, isBetterFor(request), this.#dependencies.random);
    return far !== undefined && isReady(far) && far.callCount * 2 < near.callCount ? far : near;
  }

  /** Looks at all: those that answer and were not tried, then those that were not tried, then any; of these the nearest. */
  #pickOf(links: readonly EndpointLink[], request: SessionRequest): EndpointLink | undefined {
    const open = links.filter(({ session }) => session?.closed.aborted === false);
    const free = open.filter((link) => isFree(link, request));
    const alive = free.filter((link) => !link.isBusy);
    const candidates = [alive, free, open].find(({ length }) => length > 0) ?? [];
    return pickTwo(partByDistance(candidates).nearest, isBetterFor(request), this.#dependencies.random);
  }

  /** One that left the list and came back before its calls had ended is taken up again. */
  #open(endpoint: Endpoint): EndpointLink {
    const kept = [...this.#dropped].find((link) => !link.isClosed && isSame(link.endpoint, endpoint));
    if (kept === undefined) {
      const onChange = (): void => this.#refresh();
      return new EndpointLink(endpoint, { ...this.#dependencies, onChange, mayEject: () => this.#mayEject() });
    }
    this.#dropped.delete(kept);
    kept.keep();
    kept.distance = endpoint.distance ?? 0;
    return kept;
  }

  #drop(id: string, link: EndpointLink): void {
    this.#links.delete(id);
    this.#dropped.add(link);
    link.drop();
  }

  #mayEject(): boolean {
    return this.#ejected.length + 1 <= (this.#usable.length + this.#ejected.length) / 2;
  }

  #refresh(): void {
    const open = [...this.#links.values()].filter(({ session }) => session !== undefined);
    this.#usable = open.filter(({ ejection }) => !ejection.isEjected);
    this.#ejected = open.filter(({ ejection }) => ejection.isEjected);
    ({ nearest: this.#nearest, farther: this.#farther } = partByDistance(this.#usable));
    for (const link of this.#dropped) {
      // Without anybody in the list it stays at hand: a registry that has just been restarted knows nobody yet.
      if (open.length > 0 && link.callCount + link.streamCount === 0) link.close();
      if (link.isClosed) this.#dropped.delete(link);
    }
    this.#dependencies.onChange();
  }
}

function isSame(a: Endpoint, b: Endpoint): boolean {
  return a.id === b.id && a.address === b.address && a.serverKey === b.serverKey;
}

function partByDistance(links: readonly EndpointLink[]): Record<'nearest' | 'farther', readonly EndpointLink[]> {
  const leastDistance = links.reduce((least, { distance }) => Math.min(least, distance), Infinity);
  const nearest = links.filter(({ distance }) => distance === leastDistance);
  return { nearest, farther: links.filter(({ distance }) => distance !== leastDistance) };
}

function isFree({ session }: EndpointLink, { tried }: SessionRequest): boolean {
  return session?.closed.aborted === false && tried?.has(session) !== true;
}

type IsBetter = (a: EndpointLink, b: EndpointLink) => boolean;

function isBetterFor({ isStream }: SessionRequest): IsBetter {
  return isStream === true ? isBetterForStream : isBetterForCall;
}

const isBetterForCall: IsBetter = (a, b) => {
  return a.callCount === b.callCount ? a.isClearlyFaster(b) : a.callCount < b.callCount;
};

/** Streams may last for ever, so they count for streams only, and there before calls. */
const isBetterForStream: IsBetter = (a, b) => {
  return a.streamCount === b.streamCount ? isBetterForCall(a, b) : a.streamCount < b.streamCount;
};
