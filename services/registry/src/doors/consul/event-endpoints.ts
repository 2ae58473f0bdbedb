/** `/v1/event/`: short messages to whoever looks. In memory, the latest `EVENTS_MAX`, as in Consul: a restart forgets them. */
import { randomUUID } from 'node:crypto';
import { requireAccess, requireSomeAccess } from './access.ts';
import type { Clock, Random } from '@plumb/base';
import { type BlockingPlaces, BlockingQueries } from './blocking.ts';
import { ConsulError } from './consul-error.ts';
import { type EndpointRequest, type Endpoints, type Reply, requireName } from './consul-request.ts';
import { EVENT_PAYLOAD_SIZE_BYTES_MAX, EVENTS_MAX } from './limits.ts';
import { requireShort } from './service-definition.ts';
import type { Topics } from './topics.ts';

type Event = {
  readonly ID: string;
  readonly Name: string;
  /** Base64. */
  readonly Payload: string | null;
  readonly NodeFilter: string;
  readonly ServiceFilter: string;
  readonly TagFilter: string;
  readonly Version: 1;
  readonly LTime: number;
};

const TOPIC = 'events';

export type EventDependencies = {
  readonly topics: Topics;
  readonly places: BlockingPlaces;
  readonly clock: Clock;
  readonly random: Random;
  /** Of the store: events have an index of the same kind as everything, and change nothing in the store. */
  readonly revision: () => number;
};

export function eventEndpoints({ topics, revision, ...dependencies }: EventDependencies): Endpoints {
  const events: Event[] = [];
  let time = 0;
  const lastIndex = (): number => Math.max(topics.index(TOPIC), revision());
  const blocking = new BlockingQueries({ ...dependencies, revision: lastIndex });

  const fire = (request: EndpointRequest): Reply => {
    const name = requireShort(requireName(request, 'Missing name'), 'event name');
    requireAccess(request.caller, 'registry:register');
    const { body, query } = request;
    if (body.byteLength > EVENT_PAYLOAD_SIZE_BYTES_MAX) {
      throw new ConsulError(
        413,
        `an event carries at most ${EVENT_PAYLOAD_SIZE_BYTES_MAX} bytes, not ${body.byteLength}`,
      );
    }
    time += 1;
    const event: Event = {
      ID: randomUUID(),
      Name: name,
      Payload: body.byteLength === 0 ? null : Buffer.from(body).toString('base64'),
      NodeFilter: query.get('node') ?? '',
      ServiceFilter: query.get('service') ?? '',
      TagFilter: query.get('tag') ?? '',
      Version: 1,
      LTime: time,
    };
    events.push(event);
    if (events.length > EVENTS_MAX) events.shift();
    topics.touch(TOPIC, lastIndex() + 1);
    return { value: event };
  };

  const list = (request: EndpointRequest): Promise<Reply> => {
    requireSomeAccess(request.caller, 'registry:read');
    const name = request.query.get('name');
    return blocking.answer(request, async () => ({
      index: topics.index(TOPIC),
      reply: { value: events.filter((event) => name === null || name === '' || event.Name === name) },
      changed: (signal) => topics.changed(TOPIC, signal),
    }));
  };

  return { '/v1/event/fire/': { PUT: fire }, '/v1/event/list': { GET: list } };
}
