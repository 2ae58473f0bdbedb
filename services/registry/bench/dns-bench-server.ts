/** The server of the DNS benchmark: a door on a dictionary that does not change. Tells its port, and ends when it is killed. */
import { silentLog, systemClock as clock, systemRandom as random } from '@plumb/base';
import { openDnsDoor } from '../src/doors/dns/open-dns-door.ts';
import { createTestDictionary, testInstance, testSnapshot } from '../test/dns/dns-world.ts';

const INSTANCES = 5;

const instances = Array.from({ length: INSTANCES }, (_, i) =>
  testInstance('web', `web-${i + 1}`, { address: `10.0.0.${i + 1}`, port: 8_001 + i }),
);
const { registry } = createTestDictionary(testSnapshot(['web'], instances));
const door = await openDnsDoor({ registry, port: 0, clock, random, log: silentLog });
process.send?.(door.port);
// Without whoever asked for it there is nobody to end it.
process.on('disconnect', () => void door[Symbol.asyncDispose]());
