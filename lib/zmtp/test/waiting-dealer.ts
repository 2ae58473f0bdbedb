/** A program with nothing but a DEALER: asks the address of its first argument, and prints each failure and the answer. */
import { openSocket } from '../src/index.ts';

const dealer = openSocket('DEALER', {
  reconnect: { delayMsMin: 100, delayMsMax: 100 },
  events: { failed: (_address, { code }) => process.stdout.write(`${code}\n`) },
});
dealer.connect(process.argv[2] ?? '');
await dealer.send([Buffer.from('hello')]);
const { parts } = await dealer.receive();
process.stdout.write(`${String(parts[0])}\n`);
await dealer.close();
