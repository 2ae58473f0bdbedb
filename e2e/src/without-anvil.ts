/**
 * For `node --import`: a machine where npm has not installed the native package of anvil, as happens to optional
 * packages on an unknown platform or with `--omit=optional`.
 */
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (!specifier.startsWith('@foundry-rs/')) return nextResolve(specifier, context);
    throw Object.assign(new Error(`Cannot find module '${specifier}'`), { code: 'MODULE_NOT_FOUND' });
  },
});
