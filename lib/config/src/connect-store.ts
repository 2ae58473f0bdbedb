/** The connection to the plumbd that the environment names. */
import { type Clock, describeError, type Log, type Random } from '@plumb/base';
import { type Connection, openConnection } from '@plumb/rpc';
import { openZeromqChannel } from '@plumb/rpc/node';
import { type PlumbDoor, readPlumbDoor } from './plumb-door.ts';

export type StoreConnection = {
  readonly connection: Connection;
  /** Why there is no connection, as far as it is known. */
  readonly trouble: () => string | undefined;
  readonly release: () => void;
};

type Environment = Readonly<Record<string, string | undefined>>;
type World = { readonly clock: Clock; readonly random: Random; readonly log: Log };

/** Opens nothing yet: the first call does. Undefined where no plumbd is named. A `borrowed` one stays its owner's. */
export function connectStore(
  borrowed: Connection | undefined,
  environment: Environment,
  world: World,
): StoreConnection | undefined {
  if (borrowed !== undefined) return { connection: borrowed, trouble: () => undefined, release: () => undefined };
  const door = readPlumbDoor(environment);
  return door === undefined ? undefined : connectTo(door, world);
}

function connectTo(door: PlumbDoor, { log, clock, random }: World): StoreConnection {
  let trouble: string | undefined;
  const connection = openConnection({
    async open(signal) {
      try {
        const channel = await openZeromqChannel({ ...door, clock, signal });
        trouble = undefined;
        return channel;
      } catch (error) {
        trouble = describeError(error);
        throw error;
      }
    },
    clock,
    random,
    log,
  });
  return { connection, trouble: () => trouble, release: connection.close };
}
