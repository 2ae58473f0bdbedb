import { expandReferences, type Reference } from '@plumb/manifest';
import { HOST } from './ports.ts';

export type UnitIdentity = {
  readonly application: string;
  readonly component: string;
  readonly instanceId: string;
  readonly environment: string;
  readonly release: string;
  readonly port: number | undefined;
};

/** What a process is told about itself. */
export function identityEnvironment(identity: UnitIdentity): Readonly<Record<string, string>> {
  return {
    HOST,
    ...(identity.port === undefined ? {} : { PORT: String(identity.port) }),
    PLUMB_APPLICATION: identity.application,
    PLUMB_COMPONENT: identity.component,
    PLUMB_INSTANCE: identity.instanceId,
    PLUMB_ENVIRONMENT: identity.environment,
    PLUMB_RELEASE: identity.release,
  };
}

/** The manifest's variables, with references replaced by the addresses of the present moment. */
export function fillEnvironment(
  env: Readonly<Record<string, string>>,
  addressOf: (component: string) => { readonly url: string; readonly port: number },
): Readonly<Record<string, string>> {
  const resolve = ({ name, property }: Reference): string => String(addressOf(name)[property]);
  return Object.fromEntries(Object.entries(env).map(([key, value]) => [key, expandReferences(value, resolve)]));
}
