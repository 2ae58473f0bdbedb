/**
 * Messages as JSON, the way etcd's gateway has it (https://protobuf.dev/programming-guides/json/): bytes in base64, 64-bit
 * numbers as text, names of enumerations, defaults left out, fields by the names of the protocol. Fields are also taken in
 * camel case, numbers as numbers, and enumerations by number.
 */
import {
  defaultOf,
  type Field,
  type FieldType,
  isDefault,
  type MessageType,
  type NamedField,
  type Received,
  type Sent,
} from './message-type.ts';

/** JSON that is not the message. The text names the place. */
export class JsonError extends Error {}

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const WHOLE_NUMBER = /^-?\d{1,20}$/;

type Values = Readonly<Record<string, unknown>>;

/** Plain data for `JSON.stringify`. */
export function toJson<M extends MessageType>(type: M, message: Sent<M>): Values {
  return objectOf(type, message);
}

/** @throws JsonError. */
export function fromJson<M extends MessageType>(type: M, value: unknown): Received<M> {
  return readMessage(type, value, '') as Received<M>;
}

function objectOf(type: MessageType, values: Values): Values {
  const object: Record<string, unknown> = {};
  for (const field of type.list) {
    const value = values[field.name];
    if (value === undefined) continue;
    if (field.isRepeated) {
      const list = value as readonly unknown[];
      if (list.length > 0) object[field.name] = list.map((one) => jsonOf(field.type, one));
    } else if (!isDefault(field, value)) object[field.name] = jsonOf(field.type, value);
  }
  return object;
}

function jsonOf(type: FieldType, value: unknown): unknown {
  if (typeof type === 'object') return type.kind === 'enum' ? value : objectOf(type, value as Values);
  switch (type) {
    case 'bool':
    case 'string':
      return value;
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('base64');
    case 'int64':
    case 'id64':
    case 'uint64':
      return String(value);
  }
}

function readMessage(type: MessageType, value: unknown, place: string): Values {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(place, value, 'an object');
  const values: Record<string, unknown> = {};
  for (const field of type.list) values[field.name] = defaultOf(field);
  if (type.isOpaque) return values;
  for (const [name, given] of Object.entries(value)) {
    const field = fieldOf(type, name);
    if (field === undefined) throw new JsonError(`unknown field "${place}${name}"`);
    if (given !== null) values[field.name] = readField(field, given, `${place}${name}`);
  }
  return values;
}

function fieldOf(type: MessageType, name: string): NamedField | undefined {
  return type.list.find((field) => field.name === name || camelCase(field.name) === name);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function readField({ type, isRepeated }: Field, value: unknown, place: string): unknown {
  if (!isRepeated) return readValue(type, value, place);
  if (!Array.isArray(value)) throw wrong(place, value, 'a list');
  return value.map((one, index) => readValue(type, one, `${place}[${index}]`));
}

function readValue(type: FieldType, value: unknown, place: string): unknown {
  if (typeof type === 'object') {
    if (type.kind === 'message') return readMessage(type, value, `${place}.`);
    const name = typeof value === 'number' ? type.names[value] : type.names.find((one) => one === value);
    if (name === undefined) throw wrong(place, value, `one of ${type.names.join(', ')}`);
    return name;
  }
  switch (type) {
    case 'bool':
      if (typeof value !== 'boolean') throw wrong(place, value, 'true or false');
      return value;
    case 'string':
      if (typeof value !== 'string') throw wrong(place, value, 'text');
      return value;
    case 'bytes':
      if (typeof value !== 'string' || !BASE64.test(value)) throw wrong(place, value, 'bytes in base64');
      return new Uint8Array(Buffer.from(value, 'base64'));
    case 'int64':
      return Number(readWhole(value, place));
    case 'id64':
      return BigInt.asIntN(64, readWhole(value, place));
    case 'uint64':
      return BigInt.asUintN(64, readWhole(value, place));
  }
}

function readWhole(value: unknown, place: string): bigint {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (typeof value === 'string' && WHOLE_NUMBER.test(value)) return BigInt(value);
  throw wrong(place, value, 'a whole number');
}

function wrong(place: string, value: unknown, expected: string): JsonError {
  const text = JSON.stringify(value) ?? String(value);
  const what = place === '' ? 'the body' : `"${place.replace(/\.$/, '')}"`;
  return new JsonError(`${what} is ${text.length > 60 ? `${text.slice(0, 60)}…` : text}, not ${expected}`);
}
