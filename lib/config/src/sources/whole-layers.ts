import type { SourceContext, SourceLayer, SourceValue } from '../config-source.ts';

/** A context for a source whose layers are looked at before they are published: `take` gets all that it says each time. */
export function wholeLayers(context: SourceContext, take: (layer: SourceLayer) => void): SourceContext {
  let values: ReadonlyMap<string, SourceValue> = new Map();
  return {
    ...context,
    publish(layer) {
      values = layer.values;
      take(layer);
    },
    change({ revision, changes }) {
      const next = new Map(values);
      for (const [path, said] of changes) {
        if (said === undefined) next.delete(path);
        else next.set(path, said);
      }
      values = next;
      take({ revision, values });
    },
  };
}
