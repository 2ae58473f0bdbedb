/** A script that blocks, for the tests of `connectSync`: it ends without closing anything. */
import type { KeyPair } from '@plumb/zmtp';
import { connectSync } from '../src/node.ts';
import type { methods } from './front-door-child.ts';

export type ScriptOptions = { readonly target: string; readonly keys: KeyPair; readonly serverKey: string };

const { target, ...credentials } = JSON.parse(process.argv[2] ?? '') as ScriptOptions;
const math = connectSync<typeof methods>(target, credentials);
process.stdout.write(`${math.add(1, 2)} ${[...math.count(3)].join(' ')} ${math.text.upper('loud')}\n`);
