/**
 * `methods` with `symbols`, so that no method over there is hidden. Both are plain proxies or objects without members of
 * the same symbol.
 */
export function withSymbols(methods: object, symbols: Readonly<Record<symbol, unknown>>): object {
  return new Proxy(methods, { get: (target, key) => Reflect.get(Object.hasOwn(symbols, key) ? symbols : target, key) });
}
