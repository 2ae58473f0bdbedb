/** One call from name to outcome: existence, policy, input, handler, output. The same for every door. */
import { describeError, type Log, OperatingError } from '@plumb/base';
import { type BaseIssue, type GenericSchema, getDotPath, safeParse } from 'valibot';
import type { CallContext } from './call-context.ts';
import type { Call } from './contract.ts';
import { isAsyncIterable } from './extract-references.ts';
import { isPromise } from './is-promise.ts';
import { ISSUE_LENGTH_MAX, ISSUES_MAX } from './limits.ts';
import type { MethodTable, TableEntry } from './method-table.ts';
import { hasNotRun, markNotRun } from './not-run.ts';
import { authorise } from './policy.ts';

export type Outcome =
  | { readonly kind: 'value'; readonly value: unknown }
  | {
      readonly kind: 'stream';
      readonly items: AsyncIterable<unknown>;
      /** What may be sent of an item. @throws OperatingError `internal` where the item breaks the contract. */
      readonly check: (item: unknown) => unknown;
    };

export type Invocation = {
  readonly name: string;
  readonly input: unknown;
  readonly log: Log;
  /** What the handler runs in. */
  readonly context?: CallContext | undefined;
};

/**
 * Returns at once where neither the policy nor the handler makes it wait, since a promise costs as much as a small call.
 * @throws OperatingError only, as it rejects: whatever else a handler throws is logged here and becomes `internal`.
 * `hasNotRun` tells where the handler was not called.
 */
export function invoke(table: MethodTable, invocation: Invocation, call: Call): Outcome | Promise<Outcome> {
  const { name, input, log } = invocation;
  let entry: TableEntry;
  let parsed: unknown;
  try {
    entry = table.require(name);
    const request = { caller: call.caller, method: name, scope: entry.scope };
    const pending = authorise(request, { policy: table.policy, call, log });
    if (pending !== undefined) return invokeAfter(pending, entry, invocation, call);
    parsed = parseInput(entry, input);
  } catch (error) {
    throw error instanceof OperatingError ? markNotRun(error) : error;
  }
  return run(entry, parsed, invocation, call);
}

async function invokeAfter(
  pending: Promise<void>,
  entry: TableEntry,
  invocation: Invocation,
  call: Call,
): Promise<Outcome> {
  let parsed: unknown;
  try {
    await pending;
    parsed = parseInput(entry, invocation.input);
  } catch (error) {
    throw error instanceof OperatingError ? markNotRun(error) : error;
  }
  return run(entry, parsed, invocation, call);
}

function run(entry: TableEntry, parsed: unknown, invocation: Invocation, call: Call): Outcome | Promise<Outcome> {
  const { context } = invocation;
  try {
    const answer = context === undefined ? entry.run(parsed, call) : context.run(call, () => entry.run(parsed, call));
    return isPromise(answer)
      ? outcomeAfter(answer, entry, invocation, call)
      : outcomeOf(answer, entry, invocation, call);
  } catch (error) {
    throw publicError(error, { ...invocation, call });
  }
}

async function outcomeAfter(
  answer: Promise<unknown>,
  entry: TableEntry,
  invocation: Invocation,
  call: Call,
): Promise<Outcome> {
  try {
    return outcomeOf(await answer, entry, invocation, call);
  } catch (error) {
    throw publicError(error, { ...invocation, call });
  }
}

function outcomeOf(answer: unknown, entry: TableEntry, { name, log }: Invocation, call: Call): Outcome {
  if (isAsyncIterable(answer)) {
    const check = (item: unknown): unknown => counted(entry, checkOutput(entry, item, call, log));
    return { kind: 'stream', items: answer, check };
  }
  if (entry.method?.stream === true) throw new TypeError(`${name} must answer with an async iterable`);
  return { kind: 'value', value: checkOutput(entry, answer, call, log) };
}

/**
 * What the other side may know of anything thrown by what was called. A bug is logged with its stack, unless the call was
 * over anyway. That another call did not run, whose error is passed on, says nothing of this one.
 */
export function publicError(
  error: unknown,
  { name, call, log, side = 'service' }: Pick<Invocation, 'name' | 'log'> & PublicErrorOptions,
): OperatingError {
  if (error instanceof OperatingError) return hasNotRun(error) ? copyOf(error) : error;
  if (!call.signal.aborted) {
    const stack = error instanceof Error ? error.stack : undefined;
    log.error('rpc.bug', { method: name, caller: call.caller.id, error: describeError(error), stack });
  }
  return new OperatingError('internal', `${name} failed ${WHERE[side]}: its log has the details`);
}

const WHERE = { service: 'inside the service', caller: 'on the side of the caller' } as const;

type PublicErrorOptions = {
  readonly call: Call;
  /** Whose code it is: that of the service, or that of a caller whose function was called back. */
  readonly side?: keyof typeof WHERE;
};

function copyOf({ code, message, details, cause }: OperatingError): OperatingError {
  return new OperatingError(code, message, { details, cause });
}

function parseInput({ name, method, fitsInput }: TableEntry, input: unknown): unknown {
  if (method === undefined || fitsInput(input)) return input;
  const outcome = safeParse(method.input, input);
  if (outcome.success) return outcome.output;
  const issues = listIssues(outcome.issues);
  const first = issues[0];
  const more = outcome.issues.length > 1 ? ` (and ${outcome.issues.length - 1} more)` : '';
  const where = first === undefined || first.path === '' ? 'the input' : `"${first.path}"`;
  throw new OperatingError('invalid', `${name} was not called: ${where}: ${first?.message}${more}`, {
    details: { method: name, issues, issueCount: outcome.issues.length },
  });
}

function checkOutput(entry: TableEntry, value: unknown, { caller }: Call, log: Log): unknown {
  const { name, method, fitsOutput } = entry;
  if (method === undefined || fitsOutput(value)) return value;
  const outcome = safeParse(method.output, value);
  if (outcome.success) return outcome.output;
  log.error('rpc.output-invalid', { method: name, caller: caller.id, issues: listIssues(outcome.issues) });
  throw new OperatingError('internal', `${name} answered against its contract: the log of the service has the details`);
}

function counted({ counters }: TableEntry, item: unknown): unknown {
  counters.addItem();
  return item;
}

function listIssues(issues: readonly BaseIssue<unknown>[]): { path: string; message: string }[] {
  return issues.slice(0, ISSUES_MAX).map((issue) => ({
    path: getDotPath<GenericSchema>(issue as never) ?? '',
    message: issue.message.slice(0, ISSUE_LENGTH_MAX),
  }));
}
