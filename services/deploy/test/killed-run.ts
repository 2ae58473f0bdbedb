/** A run of deployment that is meant to be killed: deploys the folder and prints the units when they are ready. */
import { silentLog, systemClock } from '@plumb/base';
import { openRocksKv } from '@plumb/kv/rocks';
import { deployAll, openWorld } from './world.ts';

const [directory = '', dataDirectory = '', owner = ''] = process.argv.slice(2);
const kv = await openRocksKv({ directory: `${dataDirectory}/kv`, clock: systemClock, log: silentLog });
const world = await openWorld({ kv, dataDirectory, owner });
const { status } = await deployAll(world.deploy, directory);
process.stdout.write(`${JSON.stringify(status.units)}\n`);
// Until it is killed.
setInterval(() => undefined, 60_000);
