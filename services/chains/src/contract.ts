/** What other packages may know of chains: which nodes Plumb can run. What runs is in the deploy status. */
import type { Client, Contract, Handlers } from '@plumb/rpc';
import * as v from 'valibot';

export const catalogueEntrySchema = v.object({
  kind: v.string(),
  network: v.string(),
  title: v.string(),
  software: v.string(),
  protocol: v.picklist(['json-rpc']),
  blockTimeMs: v.number(),
});

export const chainsContract = {
  catalogue: {
    summary: 'List the chain nodes that Plumb can run.',
    input: v.object({}),
    output: v.array(catalogueEntrySchema),
    scope: 'chains:read',
    idempotent: 'read',
  },
} as const satisfies Contract;

export type CatalogueEntry = v.InferOutput<typeof catalogueEntrySchema>;
export type ChainsClient = Client<typeof chainsContract>;
export type ChainsHandlers = Handlers<typeof chainsContract>;
