import type { ChainSpec, Manifest, ProbeSpec, ProcessSpec } from '@plumb/manifest';
import { type Service, serviceName } from '@plumb/registry';

/** A process or chain of a manifest. */
export type Component = { readonly name: string; readonly needs: readonly string[] } & (
  | { readonly kind: 'process'; readonly spec: ProcessSpec }
  | { readonly kind: 'chain'; readonly spec: ChainSpec }
);

/** The components in the order in which they are started: chains, then processes after what they need. */
export function componentsOf({ chains, processes }: Manifest): Component[] {
  const ordered = new Map<string, Component>();
  for (const [name, spec] of Object.entries(chains)) ordered.set(name, { name, needs: [], kind: 'chain', spec });
  const add = (name: string): void => {
    const spec = Object.hasOwn(processes, name) ? processes[name] : undefined;
    if (spec === undefined || ordered.has(name)) return;
    for (const need of spec.needs) add(need);
    ordered.set(name, { name, needs: spec.needs, kind: 'process', spec });
  };
  for (const name of Object.keys(processes)) add(name);
  return [...ordered.values()];
}

/** The service that a component provides; undefined without a port. */
function serviceOf(manifest: Manifest, component: Component): Service | undefined {
  const { kind, spec, name } = component;
  if (spec.port === undefined) return undefined;
  const probe = kind === 'process' ? spec.readinessProbe : undefined;
  return {
    name: serviceName(manifest.name, name),
    application: manifest.name,
    component: name,
    kind,
    protocol: kind === 'chain' ? 'json-rpc' : spec.protocol,
    port: spec.port,
    ...(probe !== undefined && { healthCheck: healthCheckOf(probe) }),
    ...(kind === 'process' && spec.metrics !== undefined ? { metricsPath: spec.metrics } : {}),
    needs: servicesUsedBy(manifest, component),
  };
}

function healthCheckOf({ kind, path, periodMs, timeoutMs }: ProbeSpec): Service['healthCheck'] {
  return { kind, ...(kind === 'http' && { path }), periodMs, timeoutMs };
}

/** The services that a component needs for its start, or calls. A component without a port is no service. */
function servicesUsedBy(manifest: Manifest, { kind, spec, needs }: Component): string[] {
  const withPort = new Set(componentsOf(manifest).flatMap((one) => (one.spec.port === undefined ? [] : [one.name])));
  const own = needs.filter((need) => withPort.has(need)).map((need) => serviceName(manifest.name, need));
  return [...new Set([...own, ...(kind === 'process' ? spec.uses : [])])];
}

/** The services that any component of the application uses, sorted. */
export function needsOf(manifest: Manifest): string[] {
  const needs = componentsOf(manifest).flatMap((component) => servicesUsedBy(manifest, component));
  return [...new Set(needs)].sort();
}

export function servicesOf(manifest: Manifest): Service[] {
  return componentsOf(manifest)
    .map((component) => serviceOf(manifest, component))
    .filter((service) => service !== undefined);
}

/** `APPLICATION/COMPONENT`, as people call a unit. */
export function unitName(application: string, component: string): string {
  return `${application}/${component}`;
}

/** Where a component answers on this host. */
export function urlOf(component: Component, port: number): string {
  const scheme = component.kind === 'process' && component.spec.protocol !== 'http' ? 'tcp' : 'http';
  return `${scheme}://127.0.0.1:${port}`;
}
