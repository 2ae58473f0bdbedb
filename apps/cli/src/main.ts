/** `plumb`: the process. */
import { main } from './real-shell.ts';

process.exitCode = await main(process.argv.slice(2));
