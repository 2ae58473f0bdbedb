/**
 * The connection to one instance: opened at once and again after each loss, for as long as the instance is wanted.
 *
 * Invariants: there is at most one channel at a time. One that is not wanted any more (`drop`) opens nothing, and is
 * gone when its channel is lost, after `DRAIN_MS` at the latest.
 */
import { type Clock, describeError, type Log, OperatingError, type Random, sleep, type Timer } from '@plumb/base';
import { type CallContext, runApart } from './call-context.ts';
import { type CallEnd, CallMeter } from './call-meter.ts';
import type { Channel } from './channel.ts';
import { ClientSession } from './client-session.ts';
import { Ejection } from './ejection.ts';
import { ReopenPace } from './reopen-pace.ts';
import type { Endpoint } from './resolver.ts';
import { isRetryable } from './retryable.ts';

/** What runs on an instance that has left the list may end within three times the usual deadline of a call. */
const DRAIN_MS = 30_000;

export type EndpointState = {
  readonly id: string;
  readonly address: string;
  /** As the resolver told it. */
  readonly distance: number;
  /**
   * `busy`: connected, and its program does not come round to answering; `ejected`: connected, and left out since it
   * fails what it is asked; `draining`: it has left the list and its last calls run.
   */
  readonly state: 'connecting' | 'open' | 'busy' | 'ejected' | 'draining';
  /** Calls that run there, without streams. */
  readonly inFlight: number;
  readonly streamCount: number;
  /** Of calls of late; undefined before the first answer. */
  readonly latencyMs: number | undefined;
  /** Why there is no connection. */
  readonly trouble: string | undefined;
};

export type LinkDependencies = {
  readonly open: (endpoint: Endpoint, signal: AbortSignal) => Promise<Channel>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly context?: CallContext | undefined;
  readonly mayEject: () => boolean;
  /** Called when it can be used, or cannot any more, and when the last call ends on one that was dropped. */
  readonly onChange: () => void;
};

type OpenLink = { readonly session: ClientSession; readonly channel: Channel; readonly meter: CallMeter };

export class EndpointLink {
  readonly endpoint: Endpoint;
  /** That of the last list. */
  distance: number;
  readonly ejection: Ejection;
  readonly #dependencies: LinkDependencies;
  readonly #log: Log;
  readonly #closed = new AbortController();
  readonly #pace: ReopenPace;
  #open: OpenLink | undefined;
  #draining: Timer | undefined;
  #refusal: unknown;
  #trouble: unknown = new OperatingError('unavailable', 'it is not open yet');

  constructor(endpoint: Endpoint, dependencies: LinkDependencies) {
    this.endpoint = endpoint;
    this.distance = endpoint.distance ?? 0;
    this.ejection = new Ejection(dependencies);
    this.#dependencies = dependencies;
    this.#log = dependencies.log.with({ endpoint: endpoint.id, address: endpoint.address });
    this.#pace = new ReopenPace(dependencies);
    void runApart(dependencies.context, () => this.#keepOpen());
  }

  get session(): ClientSession | undefined {
    return this.#open?.session;
  }

  get isBusy(): boolean {
    return this.#open?.channel.liveness?.() === 'busy';
  }

  get isDropped(): boolean {
    return this.#draining !== undefined;
  }

  get isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  get callCount(): number {
    return this.#open?.meter.callCount ?? 0;
  }

  get streamCount(): number {
    return this.#open?.meter.streamCount ?? 0;
  }

  isClearlyFaster(other: EndpointLink): boolean {
    const [own, its] = [this.#open?.meter, other.#open?.meter];
    return own !== undefined && its !== undefined && own.isClearlyFaster(its);
  }

  /** Why the last try to open it failed, where another cannot cure that. */
  get refusal(): unknown {
    return this.#refusal;
  }

  /** The instance has left the list: what runs there may end. Safe to repeat. */
  drop(): void {
    if (this.#open === undefined) return this.close();
    this.#draining ??= this.#dependencies.clock.after(DRAIN_MS, () => this.close());
  }

  /** The instance is in the list again. */
  keep(): void {
    this.#draining?.cancel();
    this.#draining = undefined;
  }

  /** Ends what runs there. Safe to repeat. */
  close(): void {
    if (this.isClosed) return;
    this.#draining?.cancel();
    this.#closed.abort(new OperatingError('unavailable', 'the connection was closed by this side'));
    this.#open?.session.close();
    this.#dependencies.onChange();
  }

  state(): EndpointState {
    const { id, address } = this.endpoint;
    const { callCount: inFlight, streamCount, distance } = this;
    const latencyMs = this.#open?.meter.latencyMs;
    const trouble = this.#open === undefined ? describeError(this.#trouble) : undefined;
    return { id, address, distance, state: this.#stateName(), inFlight, streamCount, latencyMs, trouble };
  }

  #stateName(): EndpointState['state'] {
    if (this.isDropped) return 'draining';
    if (this.#open === undefined) return 'connecting';
    if (this.ejection.isEjected) return 'ejected';
    return this.isBusy ? 'busy' : 'open';
  }

  async #keepOpen(): Promise<void> {
    const { clock, open } = this.#dependencies;
    const { signal } = this.#closed;
    while (!signal.aborted) {
      const { delayMs } = this.#pace;
      if (delayMs > 0) await sleep(clock, delayMs, signal);
      if (signal.aborted) return;
      try {
        await this.#use(await open(this.endpoint, signal));
      } catch (error) {
        if (signal.aborted) return;
        this.#refusal = isRetryable(error) ? undefined : error;
        this.#failed('rpc.connect-failed', error);
        if (this.#refusal !== undefined) this.#dependencies.onChange();
      }
    }
  }

  /** Resolves when the channel is lost. */
  async #use(channel: Channel): Promise<void> {
    if (this.isClosed) return channel.close();
    const { clock, onChange } = this.#dependencies;
    const lost = Promise.withResolvers<void>();
    const meter = new CallMeter(clock, (end) => this.#onCallEnd(end));
    const onLoss = (): void => {
      this.#open = undefined;
      this.#failed('rpc.connection-lost', channel.closed.reason);
      if (this.isDropped) this.close();
      onChange();
      lost.resolve();
    };
    this.#pace.opened();
    this.#refusal = undefined;
    if (channel.closed.aborted) return onLoss();
    // Before the session's own, which ends the calls: they must not find this session again.
    channel.closed.addEventListener('abort', onLoss);
    this.#open = { session: new ClientSession(meter.attach(channel), this.#dependencies), channel, meter };
    this.#log.debug('rpc.connected');
    onChange();
    await lost.promise;
  }

  #onCallEnd(end: CallEnd | undefined): void {
    const { ejection } = this;
    if (end?.isFailure === true && ejection.failed(end.startedAtMs)) {
      this.#log.warn('rpc.ejected', { failureCount: ejection.failureCount });
      this.#dependencies.onChange();
    } else if (end?.isFailure === false && ejection.succeeded(end.startedAtMs)) {
      this.#log.info('rpc.readmitted');
      this.#dependencies.onChange();
    } else if (this.isDropped && this.callCount + this.streamCount === 0) {
      this.#dependencies.onChange();
    }
  }

  /** A warning at the first failure of a row, so that an instance that stays away does not fill the log. */
  #failed(event: string, error: unknown): void {
    this.#trouble = error;
    this.#pace.failed();
    if (this.isClosed) return;
    const { failureCount } = this.#pace;
    const write = failureCount === 1 ? this.#log.warn : this.#log.debug;
    write(event, { failureCount, error: describeError(error) });
  }
}
