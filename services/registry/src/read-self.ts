import { type Clock, newId, OperatingError } from '@plumb/base';
import { type PlumbDoor, readPlumbDoor } from '@plumb/config/plumb-door';
import { generateKeyPair, type KeyPair } from '@plumb/rpc/node';
import { serviceName } from './contract.ts';

/** What the environment says is used where an option is left out. */
export type SelfOptions = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly service?: string | undefined;
  readonly application?: string | undefined;
  readonly port?: number | undefined;
  readonly address?: string | undefined;
  readonly zone?: string | undefined;
};

/** What a program is in the dictionary, where it offers its service, and how it reaches Plumb. */
export type Self = {
  readonly instanceId: string;
  readonly application: string;
  readonly service: string;
  readonly keys: KeyPair;
  readonly door: PlumbDoor;
  readonly address: string;
  readonly port: number | undefined;
  readonly zone: string | undefined;
};

/** @throws OperatingError `invalid` with the variable that is missing. */
export function readSelf(options: SelfOptions, clock: Clock): Self {
  const { environment } = options;
  const door = readPlumbDoor(environment);
  if (door === undefined) throw unset('PLUMB_RPC', 'where Plumb is: "rpc" in its plumbd.json');
  const read = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name]);
  const application = options.application ?? read('PLUMB_APPLICATION');
  if (application === undefined) throw unset('PLUMB_APPLICATION', 'the name of the application');
  const component = read('PLUMB_COMPONENT');
  const service = options.service ?? (component === undefined ? undefined : serviceName(application, component));
  if (service === undefined) throw unset('PLUMB_COMPONENT', 'the name of the process, or give "service"');
  const port = options.port ?? (read('PORT') === undefined ? undefined : Number(read('PORT')));
  return {
    door,
    application,
    service,
    instanceId: read('PLUMB_INSTANCE') ?? `${service}-${newId(clock.now())}`,
    keys: door.curve?.keys ?? generateKeyPair(),
    address: options.address ?? read('HOST') ?? '127.0.0.1',
    port,
    zone: options.zone ?? read('PLUMB_REGION'),
  };
}

function unset(name: string, what: string): OperatingError {
  return new OperatingError('invalid', `the dictionary cannot be joined: ${name} is not set: set it to ${what}`);
}
