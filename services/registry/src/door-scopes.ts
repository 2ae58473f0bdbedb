/**
 * What the doors in other protocols ask for beside the scopes of methods, by the part before the colon: those who make
 * tokens know them by this list.
 */
export const doorScopes: Readonly<Record<string, readonly string[]>> = {
  'consul-kv': ['read', 'write'],
  etcd: ['read', 'write'],
};
