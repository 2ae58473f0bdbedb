import { expect, test } from 'vitest';
import { childEnvironment } from './child-environment.ts';

test('processes inherit where programs, files and language are and where the machine stands, and nothing else', () => {
  const env = {
    HOME: '/srv/ada',
    LC_ALL: 'C.UTF-8',
    PATH: '/usr/bin:/bin',
    PLUMB_REGION: 'eu',
    PLUMB_RELEASE_ENVIRONMENT: 'prod',
    PLUMB_SMTP_PASSWORD: 'secret',
    AWS_SECRET_ACCESS_KEY: 'secret',
    TZ: undefined,
  };
  expect(childEnvironment(env, '/opt/node/bin/node')).toEqual({
    HOME: '/srv/ada',
    LC_ALL: 'C.UTF-8',
    PATH: '/opt/node/bin:/usr/bin:/bin',
    PLUMB_REGION: 'eu',
    PLUMB_RELEASE_ENVIRONMENT: 'prod',
  });
});
