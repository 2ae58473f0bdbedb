/** Answers `rpc.describe` and `rpc.stats` from the table of a dispatcher. */
import type { Caller, Handlers } from './contract.ts';
import { describeFunction, describeMethod } from './describe.ts';
import { JSON_SCHEMA_DIALECT } from './json-schema.ts';
import { DURATION_BOUNDS_SECONDS, type MethodStats } from './method-stats.ts';
import type { MethodTable, TableEntry } from './method-table.ts';
import { isAllowed } from './policy.ts';
import type { CallableDescription, MethodDescription, rpcContract, StatsOutput } from './rpc-contract.ts';

export type DescribeFilter = {
  readonly service?: string | undefined;
  readonly method?: string | undefined;
};

export type Introspection = {
  readonly handlers: Handlers<typeof rpcContract>;
  /** @throws OperatingError `not-found` with the nearest name. */
  readonly describe: (filter: DescribeFilter) => Promise<readonly MethodDescription[]>;
};

export function createIntrospection(table: MethodTable): Introspection {
  // What is offered never changes, so each method is described once.
  const described = new Map<TableEntry, Promise<MethodDescription>>();
  const describeEntry = (entry: TableEntry): Promise<MethodDescription> => {
    const known = described.get(entry) ?? describeNew(entry);
    described.set(entry, known);
    return known;
  };
  const describeFor = async (entry: TableEntry, caller: Caller): Promise<CallableDescription> => {
    const { name, scope } = entry;
    const allowed = await isAllowed({ caller, method: name, scope }, table.policy);
    return { ...(await describeEntry(entry)), allowed };
  };
  return {
    describe: (filter) => Promise.all(select(table, filter).map(describeEntry)),
    handlers: {
      async describe(filter, { caller }) {
        const methods = await Promise.all(select(table, filter).map((entry) => describeFor(entry, caller)));
        return { dialect: JSON_SCHEMA_DIALECT, methods };
      },
      stats({ service }) {
        if (service !== undefined) table.requireService(service);
        const methods = table
          .stats()
          .filter(({ method, started }) => started > 0 && (service === undefined || isOf(service, method)));
        return { boundsSeconds: [...DURATION_BOUNDS_SECONDS], methods: methods.map(toOutput) };
      },
    },
  };
}

/** A copy whose arrays are the receiver's. */
function toOutput({ ended, durations, ...rest }: MethodStats): StatsOutput {
  return { ...rest, ended: { ...ended }, durations: { ...durations, counts: [...durations.counts] } };
}

function select(table: MethodTable, { service, method }: DescribeFilter): TableEntry[] {
  if (service !== undefined) table.requireService(service);
  const entries = method === undefined ? table.entries() : [table.require(method)];
  return service === undefined ? entries : entries.filter(({ name }) => isOf(service, name));
}

function isOf(service: string, method: string): boolean {
  return method.startsWith(`${service}.`);
}

async function describeNew({ name, method, offered, summary, scope }: TableEntry): Promise<MethodDescription> {
  return method === undefined ? describeFunction(name, { offered, summary, scope }) : describeMethod(name, method);
}
