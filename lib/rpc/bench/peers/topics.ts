/** Who is compared at publishing, by name. Each is loaded only in the processes that run it. */
import type { ChildProcess } from 'node:child_process';
import type { Absent } from './peer.ts';

export type TopicPeer = {
  /** What matters for speed, for the record. */
  readonly settings: string;
  readonly serve: () => Promise<TopicPublisher | Absent>;
  /** Opens one subscriber of all topics, and resolves once it hears what is published. */
  readonly subscribe: (address: string, onValue: (topic: string, value: number) => void) => Promise<void>;
};

export type TopicPublisher = {
  readonly address: string;
  readonly publish: (topic: string, value: number) => void | Promise<void>;
  /** Whether a subscriber is so far behind that more must wait. Absent where the publisher does not know. */
  readonly isAhead?: () => boolean;
  readonly helper?: ChildProcess;
};

export const TOPIC_PEERS: Readonly<Record<string, () => Promise<TopicPeer>>> = {
  plumb: async () => (await import('./plumb-topics.ts')).plumbTopics,
  zeromq: async () => (await import('./zeromq-topics.ts')).zeromqTopics,
  nats: async () => (await import('./nats-topics.ts')).natsTopics,
};
