/** The methods that read values in force, and why they are. */
import { OperatingError } from '@plumb/base';
import type { Coordinates } from '@plumb/config/feed';
import type { Caller } from '@plumb/rpc';
import { isDeepStrictEqual } from 'node:util';
import type { ApplicationValues } from './application-values.ts';
import { maySeeLayer, requireOwn } from './config-access.ts';
import { entriesAt, entryAt, layerEntries, layerEntry } from './config-entries.ts';
import type { ConfigEntry } from './contract/shapes.ts';
import type { ConfigHandlers } from './contract.ts';
import type { HandlerContext } from './handler-context.ts';
import { reachedBy } from './protection.ts';
import { redact } from './redact.ts';

type ReadMethod = 'get' | 'snapshot' | 'list' | 'explain' | 'layers' | 'compare';

export function createReadHandlers({ store, access, protection }: HandlerContext): Pick<ConfigHandlers, ReadMethod> {
  const listOne = (
    application: string,
    state: ApplicationValues,
    { layer, ...coordinates }: Coordinates & { readonly layer?: string | undefined },
    caller: Caller,
  ): ConfigEntry[] => {
    if (layer === undefined) {
      return entriesAt(application, state, state.placeOf(access.readerOf(caller, state, coordinates)));
    }
    if (!maySeeLayer(caller, state, layer)) {
      throw new OperatingError('denied', `${caller.id} may not see ${layer}: it runs in another environment`);
    }
    return layerEntries(application, state, layer, access.mayOpen(caller, state));
  };

  return {
    get({ application, key, ...coordinates }, { caller }) {
      requireOwn(application, caller);
      return store.read(application, (state) =>
        entryAt(application, state, state.placeOf(access.readerOf(caller, state, coordinates)), key),
      );
    },
    snapshot({ application, ...coordinates }, { caller }) {
      requireOwn(application, caller);
      return store.read(application, (state) => {
        const values = state.viewFor(access.readerOf(caller, state, coordinates));
        return { revision: state.revision, values: Object.fromEntries(values) };
      });
    },
    async list({ application, ...wanted }, { caller }) {
      const name = application ?? caller.application;
      if (name !== undefined) {
        requireOwn(name, caller);
        return store.read(name, (state) => listOne(name, state, wanted, caller));
      }
      const all = [...(await store.readAll())].sort(([a], [b]) => (a < b ? -1 : 1));
      return all.flatMap(([one, state]) => listOne(one, state, wanted, caller));
    },
    explain({ application, key, ...coordinates }, { caller }) {
      requireOwn(application, caller);
      return store.read(application, (state) => {
        const reader = access.readerOf(caller, state, coordinates);
        const place = state.placeOf(reader);
        const entries = state.layersOf(key).flatMap((layer) => {
          const found = state.get(layer, key);
          if (found === undefined || !maySeeLayer(caller, state, layer)) return [];
          const entry = layerEntry(application, state, { key, found, mayOpen: place.mayOpen });
          return [{ ...entry, isInForce: place.layers.includes(layer) }];
        });
        const { overlay } = state;
        const change = overlay?.changes.find((one) => one.key === key && place.layers.includes(one.layer));
        if (overlay === undefined || change === undefined) return { key, entries };
        const { value } = change;
        const given = value === undefined ? {} : { value: redact(value, place.mayOpen) };
        return { key, entries, rollout: { id: overlay.id, instances: [...overlay.members], ...given } };
      });
    },
    async layers({ application }, { caller }) {
      requireOwn(application, caller);
      const { environments } = await protection.read(application);
      return store.read(application, (state) => ({
        ...(state.environment !== undefined && { environment: state.environment }),
        layers: state
          .layers()
          .filter((layer) => maySeeLayer(caller, state, layer))
          .map((layer) => ({
            layer,
            keys: state.countKeys(layer),
            isProtected: reachedBy([{ layer }], environments).length > 0,
          })),
      }));
    },
    compare({ application, left, right }, { caller }) {
      requireOwn(application, caller);
      return store.read(application, (state) => {
        const [here, there] = [left, right].map((one) => state.placeOf(access.readerOf(caller, state, one)));
        if (here === undefined || there === undefined) return [];
        const keys = new Set([...state.keysAt(here), ...state.keysAt(there)]);
        return [...keys].sort().flatMap((key) => {
          // By what is stored: two secrets that are withheld look the same.
          if (isDeepStrictEqual(state.sourceAt(here, key)?.value, state.sourceAt(there, key)?.value)) return [];
          const [one, other] = [here, there].map((place) => entryAt(application, state, place, key));
          return [{ key, ...(one !== undefined && { left: one }), ...(other !== undefined && { right: other }) }];
        });
      });
    },
  };
}
