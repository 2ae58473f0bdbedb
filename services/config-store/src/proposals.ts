/** Changes that wait for a second person, kept under `config/proposal/APPLICATION/ID` until they are settled or expire. */
import { type Clock, newId, OperatingError } from '@plumb/base';
import { type Collection, createCollection, type Item, type Kv, type Operation } from '@plumb/kv';
import type { Proposal } from './contract/guards.ts';

/** Of one application. Whoever has so many open does not look at them. */
const PROPOSALS_MAX = 100;
/** A week: what nobody looked at in that time is asked for again, on the values that are there then. */
const LIFETIME_MS = 7 * 24 * 3_600_000;
/** As JSON: it is one value of the store, with what was before. */
const SIZE_BYTES_MAX = 786_432;
/** Of all that wait for one application: they are listed in one message. */
const TOTAL_SIZE_BYTES_MAX = 4 * 1_048_576;

export class Proposals {
  readonly #kv: Kv;
  readonly #clock: Clock;
  readonly #records: Collection<Proposal>;

  constructor(kv: Kv, clock: Clock) {
    this.#kv = kv;
    this.#clock = clock;
    this.#records = createCollection(kv, 'config/proposal/');
  }

  /** Those that have not expired, oldest first; of one application or of all. */
  async list(application: string | undefined): Promise<readonly Proposal[]> {
    const items = await this.#records.list(application === undefined ? undefined : `${application}/`);
    return items
      .map(({ value }) => value)
      .filter((proposal) => !this.#isExpired(proposal))
      .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  }

  /** @throws OperatingError `not-found` where there is none, or none any more. */
  async require(id: string): Promise<Proposal> {
    const found = (await this.list(undefined)).find((proposal) => proposal.id === id);
    if (found !== undefined) return found;
    throw new OperatingError(
      'not-found',
      `there is no proposal ${id}: it was settled, or has expired; list what there is`,
    );
  }

  /** Gives its id. Those that have expired make room. @throws OperatingError `exhausted` beyond a bound. */
  async add(given: Omit<Proposal, 'id' | 'at' | 'expiresAt'>): Promise<string> {
    const { application } = given;
    const at = this.#clock.now();
    const proposal: Proposal = { ...given, id: newId(at), at, expiresAt: at + LIFETIME_MS };
    const sizeBytes = Buffer.byteLength(JSON.stringify(proposal));
    if (sizeBytes > SIZE_BYTES_MAX) {
      throw new OperatingError(
        'exhausted',
        `the proposal is ${sizeBytes} bytes, over ${SIZE_BYTES_MAX}: propose it in parts`,
      );
    }
    const items = await this.#records.list(`${application}/`);
    const [expired, open] = partition(items, ({ value }) => this.#isExpired(value));
    const totalSizeBytes = open.reduce((sum, { value }) => sum + Buffer.byteLength(JSON.stringify(value)), sizeBytes);
    if (open.length >= PROPOSALS_MAX || totalSizeBytes > TOTAL_SIZE_BYTES_MAX) {
      const advice = 'approve or reject some of them first';
      throw new OperatingError('exhausted', `${open.length} proposals for ${application} wait already: ${advice}`);
    }
    await this.#kv.transact([
      this.#records.putOperation(idOf(proposal), proposal),
      ...expired.map(({ id }) => this.#records.deleteOperation(id)),
    ]);
    return proposal.id;
  }

  async delete(proposal: Proposal): Promise<void> {
    await this.#records.delete(idOf(proposal));
  }

  /** For a transaction with the commit that it becomes. */
  deleteOperation(proposal: Proposal): Operation {
    return this.#records.deleteOperation(idOf(proposal));
  }

  #isExpired({ expiresAt }: Proposal): boolean {
    return expiresAt <= this.#clock.now();
  }
}

function partition<T>(items: readonly Item<T>[], isFirst: (item: Item<T>) => boolean): [Item<T>[], Item<T>[]] {
  const [first, second] = [items.filter(isFirst), items.filter((item) => !isFirst(item))];
  return [first, second];
}

function idOf({ application, id }: Pick<Proposal, 'application' | 'id'>): string {
  return `${application}/${id}`;
}
