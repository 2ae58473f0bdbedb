/**
 * Blocking on one service of the agent: the caller names the hash of what it has seen, and is answered when there is
 * something else, or after `wait`.
 */
import type { Clock } from '@plumb/base';
import { createHash } from 'node:crypto';
import { durationMs, type EndpointRequest, type Reply } from './consul-request.ts';
import { WAIT_DEFAULT_MS, WAIT_MS_MAX } from './limits.ts';
import type { BlockingPlaces } from './blocking.ts';
import type { StoreFollower } from './store-follower.ts';
import type { Topics } from './topics.ts';

export type ServiceWaitDependencies = {
  readonly topics: Topics;
  readonly follower: StoreFollower;
  readonly places: BlockingPlaces;
  readonly clock: Clock;
  /** What changes with every service of the agent. */
  readonly topic: string;
};

const HASH_LENGTH = 16;

export class ServiceWait {
  readonly #dependencies: ServiceWaitDependencies;

  constructor(dependencies: ServiceWaitDependencies) {
    this.#dependencies = dependencies;
  }

  /** `make` throws what is answered where there is nothing. */
  async answer(request: EndpointRequest, make: () => object): Promise<Reply> {
    const { follower, places, topics, clock, topic } = this.#dependencies;
    const wanted = request.query.get('hash') ?? '';
    const wait = durationMs(request, 'wait', 'Invalid wait time');
    await follower.caughtUp();
    const first = reply(make());
    if (wanted === '' || first.hash !== wanted) return first.reply;
    using place = places.take(request.signal());
    const waitMs = Math.min(wait === undefined || wait === 0 ? WAIT_DEFAULT_MS : wait, WAIT_MS_MAX);
    using _timer = clock.after(waitMs, place.end);
    let now = first;
    while (now.hash === wanted && !place.signal.aborted) {
      await topics.changed(topic, place.signal);
      now = reply(make());
    }
    place.requireCaller();
    return now.reply;
  }
}

function reply(value: object): { readonly hash: string; readonly reply: Reply } {
  const hash = createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, HASH_LENGTH);
  return { hash, reply: { value: { ...value, ContentHash: hash }, headers: { 'x-consul-contenthash': hash } } };
}
