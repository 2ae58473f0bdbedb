/** What instances say of themselves, and what others say of them. */
import { type Clock, type Log, newId, OperatingError } from '@plumb/base';
import { type Call, type Caller, holdsScope } from '@plumb/rpc';
import { brief, type ReadConfig } from './briefings.ts';
import type { Registered, Registration, RegistryHandlers } from './contract.ts';
import type { Keeper, Service } from './dictionary-schemas.ts';
import { type Claim, isSameHealth, type Life } from './instance-life.ts';
import type { InstanceLives } from './instance-lives.ts';
import type { RegistryView } from './registry-view.ts';
import type { ResolvedAnswers } from './resolved-answers.ts';

/** Three times the period of a keep-alive that somebody who does not say otherwise sends. */
const TTL_MS = 10_000;
/** After its connection is lost an instance may come back: a client tries again after 0.1 s, and once more after 0.2 s. */
export const TIE_GRACE_MS = 800;
/** What asks for more than the life of one program: an instance that nobody ends. */
const KEEP_SCOPE = 'registry:write';

export type InstanceDependencies = {
  readonly view: RegistryView;
  readonly answers: ResolvedAnswers;
  readonly lives: InstanceLives;
  readonly readConfig: ReadConfig | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly hostName: string;
  /** What a name that is neither declared nor seen is answered with. */
  readonly missing: (service: string) => OperatingError;
};

type Handlers = Pick<RegistryHandlers, 'register' | 'join' | 'briefing' | 'keepAlive' | 'reportHealth' | 'deregister'>;

export function instanceHandlers(dependencies: InstanceDependencies): Handlers {
  const { view, lives, clock, log, hostName } = dependencies;

  const announce = async (input: Registration, holding: Holding, caller: Caller): Promise<Registered> => {
    const { service: name } = input;
    const service = view.services.get(name);
    const application = service?.application ?? input.application;
    if (application === undefined) throw dependencies.missing(name);
    requireOwn(application, caller);
    const id = input.instanceId ?? `${name}-${newId(clock.now())}`;
    const side = holding.tie !== undefined || caller.id === id ? 'own' : 'other';
    await lives.change(id, (known) => {
      if (known !== undefined) requireChangeable(known, side, caller);
      const life = known?.service === name ? known : newLife(id, { service, application, name, now: clock.now() });
      // Who left may come back; nobody else brings it.
      const hasLeft = side === 'other' && life.hasLeft;
      return { ...life, hasLeft, [side]: claimOf({ ...input, instanceId: id }, holding, { caller, clock }) };
    });
    // It may have been withdrawn meanwhile, with the instances that it had then.
    if (service !== undefined && !view.services.has(name)) {
      await lives.change(id, () => undefined);
      throw dependencies.missing(name);
    }
    const { address, port } = input;
    log.info('registry.register', {
      instance: id,
      service: name,
      address,
      port,
      keptBy: holding.keptBy,
      caller: caller.id,
    });
    const near = { host: input.host ?? hostName, zone: input.zone };
    const briefing = await brief(
      { application, service: name, caller, coordinates: input.coordinates, near },
      dependencies,
    );
    return { instanceId: id, ...(holding.leaseMs !== undefined && { leaseMs: holding.leaseMs }), ...briefing };
  };

  const requireLife = (id: string, caller: Caller): Life => {
    const life = lives.get(id);
    if (life === undefined) throw leftError(id);
    requireOwn(life.application, caller);
    return life;
  };

  const untie = async (id: string, tie: symbol): Promise<void> => {
    await lives.settle(id, (life) => {
      if (life?.own?.tie !== tie) return life;
      return { ...life, own: { ...life.own, tie: undefined, deadlineMs: clock.monotonicMs() + TIE_GRACE_MS } };
    });
  };

  return {
    register(input, { caller }) {
      const { keptBy = 'lease', ttlMs = TTL_MS } = input;
      if (keptBy === 'nobody') requireScope(caller, KEEP_SCOPE);
      return announce(input, { keptBy, leaseMs: keptBy === 'nobody' ? undefined : ttlMs }, caller);
    },

    async *join(input: Registration, { caller, signal }: Call) {
      const tie = Symbol('connection');
      const registered = await announce(input, { keptBy: 'connection', leaseMs: undefined, tie }, caller);
      try {
        yield registered;
        await aborted(signal);
      } finally {
        await untie(registered.instanceId, tie);
      }
    },

    briefing({ application, component, coordinates }, { caller }) {
      requireOwn(application, caller);
      const own = view.instances.get(caller.id);
      const near = { host: own?.host ?? hostName, zone: own?.zone };
      const service = component === undefined ? undefined : `${application}-${component}`;
      return brief({ application, service, caller, coordinates, near }, dependencies);
    },

    async keepAlive({ instanceId }, { caller }) {
      requireLife(instanceId, caller);
      await lives.change(instanceId, (life) => {
        if (life === undefined) throw leftError(instanceId);
        const side = sideOf(life, caller);
        const claim = life[side];
        if (claim?.leaseMs === undefined) return life;
        return { ...life, [side]: { ...claim, deadlineMs: clock.monotonicMs() + claim.leaseMs } };
      });
      return {};
    },

    async reportHealth({ instanceId, health }, { caller }) {
      requireLife(instanceId, caller);
      await lives.change(instanceId, (life) => {
        if (life === undefined) throw leftError(instanceId);
        const side = sideOf(life, caller);
        const claim = life[side];
        if (claim === undefined || isSameHealth(claim.health, health)) return life;
        log.info('registry.health', { instance: instanceId, state: health.state, reason: health.reason });
        return { ...life, [side]: { ...claim, health } };
      });
      return {};
    },

    async deregister({ instanceId }, { caller }) {
      const life = lives.get(instanceId);
      if (life === undefined) return {};
      requireOwn(life.application, caller);
      await lives.change(instanceId, (known) => {
        const isVouchedFor = known?.other !== undefined && isItself(known, caller);
        return isVouchedFor ? { ...known, own: undefined, hasLeft: true } : undefined;
      });
      log.info('registry.deregister', { instance: instanceId, caller: caller.id });
      return {};
    },
  };
}

type Holding = {
  readonly keptBy: Keeper;
  readonly leaseMs: number | undefined;
  readonly tie?: symbol | undefined;
};

function claimOf(
  { health, ...registration }: Registration,
  { keptBy, leaseMs, tie }: Holding,
  { caller, clock }: { readonly caller: Caller; readonly clock: Clock },
): Claim {
  return {
    registration,
    health: health ?? { state: 'ready', sinceAt: clock.now() },
    by: caller.id,
    keptBy,
    leaseMs,
    deadlineMs: leaseMs === undefined ? Infinity : clock.monotonicMs() + leaseMs,
    tie,
  };
}

function newLife(
  id: string,
  { service, application, name, now }: { service: Service | undefined; application: string; name: string; now: number },
): Life {
  const component = service?.component ?? name;
  return {
    id,
    service: name,
    application,
    component,
    startedAt: now,
    own: undefined,
    other: undefined,
    hasLeft: false,
  };
}

function isItself({ id, own }: Life, caller: Caller): boolean {
  return caller.id === id || (own !== undefined && own.by === caller.id);
}

/** Which of its claims the caller speaks for. */
function sideOf(life: Life, caller: Caller): 'own' | 'other' {
  const [first, second] = isItself(life, caller) ? (['own', 'other'] as const) : (['other', 'own'] as const);
  return life[first] === undefined ? second : first;
}

/** Nobody speaks for somebody else's instance in its own name. */
function requireChangeable({ id, own, application }: Life, side: 'own' | 'other', caller: Caller): void {
  requireOwn(application, caller);
  if (side === 'other' || own?.by === undefined || own.by === caller.id) return;
  throw new OperatingError('denied', `the instance ${id} is announced by ${own.by}: choose another id`);
}

export function requireOwn(application: string, caller: Caller): void {
  if (caller.application === undefined || caller.application === application) return;
  throw new OperatingError(
    'denied',
    `${caller.id} belongs to ${caller.application} and may not act for ${application}`,
  );
}

function requireScope(caller: Caller, scope: string): void {
  if (holdsScope(caller.scopes, scope)) return;
  const message = `${caller.id} does not hold ${scope} and may not announce an instance that nobody ends: give it a lease`;
  throw new OperatingError('denied', message, { details: { scope } });
}

function leftError(id: string): OperatingError {
  return new OperatingError('not-found', `the instance ${id} has left: register it again`);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}
