/**
 * Protocol buffers (proto3) as data: a message is its fields with their numbers, and one description serves both the wire
 * (`wire-codec.ts`) and JSON (`json-codec.ts`), and gives the TypeScript types.
 *
 * Only what etcd's API needs is here: no maps, no floating point, and a `oneof` is a number of optional messages.
 */

/** `int64` is a number, exact up to 2⁵³; `id64` and `uint64` are exact to their last bit. */
export type Scalar = 'bool' | 'bytes' | 'string' | 'int64' | 'id64' | 'uint64';
/** The values of an enumeration by their number, from 0. */
export type EnumType<N extends string = string> = { readonly kind: 'enum'; readonly names: readonly N[] };
export type MessageType<F extends Fields = Fields> = {
  readonly kind: 'message';
  readonly fields: F;
  /** The fields again, to be walked through, and to be found by their numbers. */
  readonly list: readonly NamedField[];
  readonly byNumber: ReadonlyMap<number, NamedField>;
  /** JSON with other fields is taken: what is in it is not looked at. */
  readonly isOpaque: boolean;
};
export type FieldType = Scalar | EnumType | MessageType;

export type Field = { readonly number: number; readonly type: FieldType; readonly isRepeated: boolean };
type FieldOf<T, R extends boolean> = { readonly number: number; readonly type: T; readonly isRepeated: R };
export type Fields = Readonly<Record<string, Field>>;
export type NamedField = Field & { readonly name: string };

export type ValueOf<T extends FieldType> = T extends 'bool'
  ? boolean
  : T extends 'bytes'
    ? Uint8Array
    : T extends 'string'
      ? string
      : T extends 'int64'
        ? number
        : T extends 'id64' | 'uint64'
          ? bigint
          : T extends EnumType<infer N>
            ? N
            : T extends MessageType
              ? Received<T>
              : never;

/** A message as it is read: what was left out has its default; a message that was left out is undefined. */
export type Received<M extends MessageType> = {
  readonly [K in keyof M['fields']]: M['fields'][K] extends FieldOf<infer T extends FieldType, infer R>
    ? R extends true
      ? readonly ValueOf<T>[]
      : T extends MessageType
        ? Received<T> | undefined
        : ValueOf<T>
    : never;
};

/** A message to be written: any field can be left out. */
export type Sent<M extends MessageType> = {
  readonly [K in keyof M['fields']]?:
    | (M['fields'][K] extends FieldOf<infer T extends FieldType, infer R>
        ? R extends true
          ? readonly SentValue<T>[]
          : SentValue<T>
        : never)
    | undefined;
};
type SentValue<T extends FieldType> = T extends MessageType ? Sent<T> : ValueOf<T>;

export function message<const F extends Fields>(fields: F): MessageType<F> {
  const list = Object.entries(fields).map(([name, field]) => ({ ...field, name }));
  return { kind: 'message', fields, list, byNumber: new Map(list.map((one) => [one.number, one])), isOpaque: false };
}

/** A message that is only known to be there. */
export function opaqueMessage(): MessageType<Record<never, never>> {
  return { ...message({}), isOpaque: true };
}

export function enumeration<const N extends string>(...names: readonly N[]): EnumType<N> {
  return { kind: 'enum', names };
}

export function field<const T extends FieldType>(number: number, type: T): FieldOf<T, false> {
  return { number, type, isRepeated: false };
}

export function repeated<const T extends FieldType>(number: number, type: T): FieldOf<T, true> {
  return { number, type, isRepeated: true };
}

/** What a field that was left out holds. */
export function defaultOf({ type, isRepeated }: Field): unknown {
  if (isRepeated) return [];
  if (typeof type === 'object') return type.kind === 'enum' ? type.names[0] : undefined;
  return SCALAR_DEFAULTS[type];
}

/** Whether a value is what it would be if it were left out. */
export function isDefault({ type }: Field, value: unknown): boolean {
  if (typeof type === 'object') return type.kind === 'enum' && value === type.names[0];
  return type === 'bytes' ? (value as Uint8Array).byteLength === 0 : value === SCALAR_DEFAULTS[type];
}

const SCALAR_DEFAULTS: Readonly<Record<Scalar, unknown>> = {
  bool: false,
  bytes: new Uint8Array(),
  string: '',
  int64: 0,
  id64: 0n,
  uint64: 0n,
};
