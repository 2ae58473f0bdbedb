/**
 * `methods` with `symbols`. Whatever is asked for by name goes to `methods`, and whatever by a symbol to `symbols`: so no
 * method over there is hidden, and none is called by the language itself.
 */
export function withSymbols(methods: object, symbols: object): object {
  return new Proxy(methods, { get: (target, key) => Reflect.get(typeof key === 'symbol' ? symbols : target, key) });
}
