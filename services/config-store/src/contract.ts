/** What other packages may know of the configuration service: values in layers, their past, their guards, and who uses them. */
import { configFeedContract } from '@plumb/config/feed';
import type { Client, Contract, Handlers } from '@plumb/rpc';
import { accessContract } from './contract/access.ts';
import { guardsContract } from './contract/guards.ts';
import { rolloutsContract } from './contract/rollouts.ts';
import { valuesContract } from './contract/values.ts';

export const configContract = {
  ...valuesContract,
  ...guardsContract,
  ...rolloutsContract,
  ...accessContract,
  ...configFeedContract,
} as const satisfies Contract;

export type ConfigClient = Client<typeof configContract>;
export type ConfigHandlers = Handlers<typeof configContract>;
