/**
 * What the inputs of this side's running calls refer to, by number: the functions and streams that the other side of the
 * channel may call back as `#REF`. Numbers are never used twice. What a call brought ends with the call, or when the other
 * side releases it: its running calls are aborted, so that a producer has `return()` called.
 */
import { OperatingError } from '@plumb/base';
import type { FoundReference } from './extract-references.ts';
import { REFERENCE_CALLS_MAX } from './limits.ts';
import type { Reference } from './protocol.ts';

/** What runs for the other side, as far as its end is concerned. */
export type Abortable = { readonly abort: (reason: OperatingError) => void };

export type OfferedReference = {
  /** For messages and logs: which argument of which method. */
  readonly name: string;
  readonly kind: Reference['kind'];
  readonly value: object;
  readonly owner: Owner;
  readonly running: Set<Abortable>;
};

/** The call that brought a reference. */
type Owner = { readonly callId: number; runningCount: number };

export class OfferedReferences {
  readonly #byRef = new Map<number, OfferedReference>();
  #lastRef = 0;

  /** Offers what the input of the call `callId` refers to, until `revoke`. */
  offer(callId: number, method: string, found: readonly FoundReference[]): readonly Reference[] {
    const owner: Owner = { callId, runningCount: 0 };
    return found.map(({ at, kind, value }) => {
      this.#lastRef += 1;
      const name = `the ${kind} ${at.length === 0 ? '' : `"${at.join('.')}" `}given to ${method}`;
      this.#byRef.set(this.#lastRef, { name, kind, value, owner, running: new Set() });
      return { at, ref: this.#lastRef, kind };
    });
  }

  /** @throws OperatingError `not-found` for one that is not offered, or not any more. */
  require(method: string): OfferedReference {
    const offered = /^#[1-9]\d{0,15}$/.test(method) ? this.#byRef.get(Number(method.slice(1))) : undefined;
    if (offered !== undefined) return offered;
    throw new OperatingError('not-found', `there is no reference ${method}: the call that brought it has ended`);
  }

  /** Counts `call` among those of `offered` until `leave`. @throws OperatingError `exhausted` where there are too many. */
  enter(offered: OfferedReference, call: Abortable): void {
    if (offered.owner.runningCount >= REFERENCE_CALLS_MAX) {
      const advice = `at most ${REFERENCE_CALLS_MAX} calls of one call's arguments run at a time: await some`;
      throw new OperatingError('exhausted', `${offered.name} was not called: ${advice}`);
    }
    offered.owner.runningCount += 1;
    offered.running.add(call);
  }

  leave(offered: OfferedReference, call: Abortable): void {
    if (offered.running.delete(call)) offered.owner.runningCount -= 1;
  }

  /** The other side has done with one of the call `callId`; of another call it may not release any. */
  release(callId: number, ref: number): void {
    if (this.#byRef.get(ref)?.owner.callId !== callId) return;
    this.#end(ref, new OperatingError('unavailable', 'the other side has released it'));
  }

  /** The call that brought `references` has ended. */
  revoke(references: readonly Reference[], reason: OperatingError): void {
    for (const { ref } of references) this.#end(ref, reason);
  }

  #end(ref: number, reason: OperatingError): void {
    const offered = this.#byRef.get(ref);
    this.#byRef.delete(ref);
    if (offered === undefined) return;
    for (const call of offered.running) call.abort(reason);
  }
}
