import { type Collection, createCollection, type Kv } from '@plumb/kv';

/** What an application is meant to be: kept in the store, and all that is needed to bring it up again. */
export type Desired = {
  readonly name: string;
  /** The manifest as it was deployed: a change of the file takes effect with the next deploy. */
  readonly manifestText: string;
  /** Its path below `directory`. */
  readonly file: string;
  readonly environment: string;
  /** Absolute. Processes run in it. */
  readonly directory: string;
  readonly release: string;
  /** Epoch ms. */
  readonly deployedAt: number;
  /** The ports that `auto` became, by component: kept, so that addresses stay. */
  readonly ports: Readonly<Record<string, number>>;
  /** Components that a person stopped: they stay so until a person starts or deploys them. */
  readonly stopped: readonly string[];
};

/** By the application's name. */
export function createDesiredCollection(kv: Kv): Collection<Desired> {
  return createCollection<Desired>(kv, 'deploy/application/');
}
