import type { GenericSchema, InferInput, InferOutput } from 'valibot';
import type { SharedValue } from './shared-value.ts';

/**
 * For the output of a method whose values were checked when they came in: described as `schema` says, and let through
 * unread, whatever it is.
 */
export function unchecked<S extends GenericSchema>(schema: S): GenericSchema<InferInput<S>, InferOutput<S>> {
  return passing(schema) as GenericSchema<InferInput<S>, InferOutput<S>>;
}

/** As `S` to whoever reads it; its maker may share it. */
export type ShareableSchema<S extends GenericSchema> = GenericSchema<
  InferInput<S> | SharedValue<InferOutput<S>>,
  InferOutput<S>
>;

/** As `unchecked`, for values that are told to many: a handler may answer with a `SharedValue`, which is encoded once. */
export function shareable<S extends GenericSchema>(schema: S): ShareableSchema<S> {
  return passing(schema) as ShareableSchema<S>;
}

/** Whether the schema takes whatever it is given. Told by what it does, since schemas are made of others' parts. */
export function takesAll(schema: { readonly '~run': unknown }): boolean {
  return schema['~run'] === takeAll;
}

function passing(schema: GenericSchema): GenericSchema {
  return { ...schema, '~run': takeAll };
}

const takeAll: GenericSchema['~run'] = (dataset) =>
  ({ ...dataset, typed: true, issues: undefined }) as ReturnType<GenericSchema['~run']>;
