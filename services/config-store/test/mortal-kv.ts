/** A store whose owner can be killed: from then on nothing that it writes arrives, and it is told so. */
import { OperatingError } from '@plumb/base';
import type { Kv } from '@plumb/kv';

export type MortalKv = {
  readonly kv: Kv;
  /** It dies at its write number `writes` from now on; `isWritten`: that one arrives, and nobody is told. */
  readonly killAt: (writes: number, isWritten: boolean) => void;
};

export function createMortalKv(kv: Kv): MortalKv {
  let left = Number.POSITIVE_INFINITY;
  let isLastWritten = false;
  const transact: Kv['transact'] = async (operations, options) => {
    left -= 1;
    if (left >= 0) return kv.transact(operations, options);
    if (left === -1 && isLastWritten) await kv.transact(operations, options);
    throw new OperatingError('unavailable', 'it was killed');
  };
  return {
    kv: new Proxy(kv, {
      get(target, name) {
        if (name === 'transact') return transact;
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    }),
    killAt(writes, isWritten) {
      left = writes;
      isLastWritten = isWritten;
    },
  };
}
