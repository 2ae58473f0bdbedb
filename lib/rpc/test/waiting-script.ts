/**
 * A program with nothing but a connection: calls, loses its server, calls again, and follows a stream through a second loss.
 * Prints a line at each step.
 */
import { systemClock, systemRandom } from '@plumb/base';
import { resubscribe } from '../src/index.ts';
import { connect, type ConnectOptions } from '../src/node.ts';
import type { methods } from './front-door-child.ts';

const { target, ...options } = JSON.parse(process.argv[2] ?? '') as ConnectOptions & { readonly target: string };
await using math = await connect<typeof methods>(target, options);
const print = (value: unknown): unknown => process.stdout.write(`${String(value)}\n`);

print('connected');
await math.hang().catch(() => undefined);
print(await math.add(1, 2));

const stop = new AbortController();
const pace = { clock: systemClock, random: systemRandom, signal: stop.signal };
for await (const item of resubscribe(() => math.quiet(), pace)) print(item);
