import type { Clock, Log } from '@plumb/base';
import type { ConfigAccess } from './config-access.ts';
import type { ConfigStore } from './config-store.ts';
import type { Proposals } from './proposals.ts';
import type { Protection } from './protection.ts';

/** What the methods work with. Log lines never have a value in them: it may be a secret. */
export type HandlerContext = {
  readonly store: ConfigStore;
  readonly access: ConfigAccess;
  readonly protection: Protection;
  readonly proposals: Proposals;
  readonly clock: Clock;
  readonly log: Log;
};
