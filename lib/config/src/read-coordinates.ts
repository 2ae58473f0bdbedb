import type { Coordinates } from './feed.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where the reader is, by `PLUMB_ENVIRONMENT`, `PLUMB_RELEASE_ENVIRONMENT` and `PLUMB_REGION`. `default` is what an
 * application is deployed in when nobody names an environment: no layer is for it alone.
 */
export function readCoordinates(environment: Environment): Coordinates {
  const name = readVariable(environment, 'PLUMB_ENVIRONMENT');
  const releaseEnvironment = readVariable(environment, 'PLUMB_RELEASE_ENVIRONMENT');
  const region = readVariable(environment, 'PLUMB_REGION');
  return {
    ...(name !== undefined && name !== 'default' && { environment: name }),
    ...(releaseEnvironment !== undefined && { releaseEnvironment }),
    ...(region !== undefined && { region }),
  };
}

/** Empty is absent. */
export function readVariable(environment: Environment, name: string): string | undefined {
  return environment[name] === '' ? undefined : environment[name];
}
