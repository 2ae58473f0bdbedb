import { expect, test } from 'vitest';
import { browserDoorFaults } from './browser-doors.ts';
import { createTree } from './tree.ts';

function check(files: Readonly<Record<string, string>>, expected: string[]): void {
  const manifests = ['lib/rpc', 'services/deploy'].map((folder) => {
    const exports = { '.': './src/index.ts', './node': './src/node.ts' };
    return [`${folder}/package.json`, JSON.stringify({ name: `@plumb/${folder.split('/')[1]}`, exports })] as const;
  });
  expect(browserDoorFaults(createTree(new Map([...manifests, ...Object.entries(files)])))).toEqual(expected);
}

test('what a contract door reaches at run time may not use Node; types, and other doors, may', () => {
  check(
    {
      'services/deploy/src/index.ts': "export * from './contract.ts'; export type { X } from './server.ts';",
      'services/deploy/src/contract.ts': "import { call } from '@plumb/rpc';",
      'services/deploy/src/server.ts': "import 'node:fs'; import '@plumb/rpc/node';",
      'lib/rpc/src/index.ts': "import type { Socket } from 'node:net';",
      'lib/rpc/src/node.ts': "import 'node:net';",
    },
    [],
  );
  check(
    {
      'services/deploy/src/index.ts': "export * from './contract.ts';",
      'services/deploy/src/contract.ts': "import { call } from '@plumb/rpc';",
      'lib/rpc/src/index.ts': "import './socket.ts';",
      'lib/rpc/src/socket.ts': "import { connect } from 'node:net';",
    },
    [
      'services/deploy/src/index.ts: a contract door must run in a browser, but services/deploy/src/index.ts -> ' +
        'services/deploy/src/contract.ts -> lib/rpc/src/index.ts -> lib/rpc/src/socket.ts -> node:net: ' +
        'use "import type", or move it to the server',
    ],
  );
});
