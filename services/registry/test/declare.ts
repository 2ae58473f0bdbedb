import type { Clock } from '@plumb/base';
import { type Application, type RegistryClient, type Service, serviceName } from '../src/index.ts';

/** Declares an application with a service for each component; `needs` of the application, and of each component. */
export async function declare(
  { registry, clock }: { readonly registry: RegistryClient; readonly clock: Pick<Clock, 'now'> },
  name: string,
  components: Readonly<Record<string, readonly string[]>>,
  extra: Partial<Application> = {},
): Promise<void> {
  const application = { name, environment: 'default', release: 'r1', declaredAt: clock.now(), ...extra };
  const services = Object.entries(components).map(([component, needs]): Service => ({
    name: serviceName(name, component),
    application: name,
    component,
    kind: 'process',
    protocol: 'rpc',
    needs: [...needs],
  }));
  await registry.declare({ application, services });
}
