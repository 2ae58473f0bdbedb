import { OperatingError } from '@plumb/base';
import type { Kv, Operation, TransactionOptions, TransactionResult } from '@plumb/kv';
import { knownError } from './etcd-error.ts';

export type Committed = Extract<TransactionResult, { readonly kind: 'committed' }>;

/**
 * Commits operations that the door made. `options.otherwise` is given where there are conditions.
 * @throws EtcdError for a lease that is not there and a key that has nothing to keep; what the store throws besides.
 */
export async function transact(
  kv: Kv,
  operations: readonly Operation[],
  options: TransactionOptions = {},
): Promise<Committed> {
  try {
    const result = await kv.transact(operations, { otherwise: [], ...options });
    if (result.kind === 'committed') return result;
    throw new Error('a transaction with two branches ended in neither');
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    if (error.code === 'not-found') throw knownError('keyNotFound');
    if (error.code === 'invalid' && (await lacksLease(kv, [...operations, ...(options.otherwise ?? [])]))) {
      throw knownError('leaseNotFound');
    }
    throw error;
  }
}

/** Whether a lease that the operations name has ended: the store says only that something is wrong. */
async function lacksLease(kv: Kv, operations: readonly Operation[]): Promise<boolean> {
  for (const operation of operations) {
    if (operation.kind !== 'put' || operation.leaseId === undefined) continue;
    if ((await kv.getLease(operation.leaseId)) === undefined) return true;
  }
  return false;
}
