/** The process: what it reads from its environment, and how it ends. */
import { createLog } from '@plumb/base';
import { openConfig } from '@plumb/config';
import { SETTINGS_DEFAULT } from './settings.ts';
import { openTipjar } from './tipjar.ts';

const log = createLog((level, event, fields) => {
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), level, event, ...fields })}\n`);
});
const { ETH_RPC_URL: chainUrl = 'http://127.0.0.1:8545', HOST: host = '127.0.0.1', PORT = '4000' } = process.env;
const ended = Promise.withResolvers<string>();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ended.resolve(signal));

try {
  await using config = await openConfig({ environment: process.env, defaults: SETTINGS_DEFAULT, log });
  await using tipjar = await openTipjar({
    chainUrl,
    host,
    port: Number(PORT),
    source: { get: config.get, subscribe: (onChange) => config.subscribe('', onChange) },
    log: log.info,
  });
  log.info('server.open', { url: tipjar.url });
  // An open server keeps the process alive until a signal comes.
  log.info('server.close', { signal: await ended.promise });
} catch (error) {
  process.stderr.write(`tipjar failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
