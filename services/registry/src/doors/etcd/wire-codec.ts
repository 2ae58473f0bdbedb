/**
 * Messages as bytes: the encoding of protocol buffers (https://protobuf.dev/programming-guides/encoding/), as proto3 has
 * it: defaults are left out, repeated numbers are packed when written and read either way, unknown fields are skipped, and
 * the last of a field that comes more than once counts.
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
import { WireError, WireReader } from './wire-reader.ts';
import { lengthOfVarint, WireWriter } from './wire-writer.ts';

const VARINT = 0;
const LENGTH_DELIMITED = 2;

type Values = Readonly<Record<string, unknown>>;

export function encodeMessage<M extends MessageType>(type: M, message: Sent<M>): Buffer {
  const writer = new WireWriter(sizeOfMessage(type, message));
  writeMessage(writer, type, message);
  return writer.bytes;
}

/** @throws WireError for what is cut short or is not what the field is. Bytes are a view of `bytes`. */
export function decodeMessage<M extends MessageType>(type: M, bytes: Uint8Array): Received<M> {
  return readMessage(new WireReader(bytes), bytes.byteLength, type) as Received<M>;
}

/** What `encodeMessage` would return, in bytes. */
export function sizeOfMessage<M extends MessageType>(type: M, message: Sent<M>): number {
  return sizeOfValues(type, message);
}

function sizeOfValues(type: MessageType, values: Values): number {
  let size = 0;
  for (const field of type.list) {
    const value = values[field.name];
    if (value === undefined) continue;
    if (field.isRepeated) size += sizeOfRepeated(field, value as readonly unknown[]);
    else if (!isDefault(field, value)) size += sizeOfTag(field) + sizeOfValue(field.type, value);
  }
  return size;
}

function sizeOfRepeated(field: Field, values: readonly unknown[]): number {
  if (values.length === 0) return 0;
  const size = sizeOfAll(field.type, values);
  return isVarint(field.type) ? sizeOfTag(field) + withLength(size) : size + values.length * sizeOfTag(field);
}

function sizeOfAll(type: FieldType, values: readonly unknown[]): number {
  let size = 0;
  for (const value of values) size += sizeOfValue(type, value);
  return size;
}

function sizeOfValue(type: FieldType, value: unknown): number {
  if (typeof type === 'object') {
    if (type.kind === 'message') return withLength(sizeOfValues(type, value as Values));
    return lengthOfVarint(type.names.indexOf(value as string));
  }
  switch (type) {
    case 'bool':
      return 1;
    case 'bytes':
      return withLength((value as Uint8Array).byteLength);
    case 'string':
      return withLength(Buffer.byteLength(value as string));
    case 'int64':
    case 'id64':
    case 'uint64':
      return lengthOfVarint(value as number | bigint);
  }
}

function withLength(size: number): number {
  return lengthOfVarint(size) + size;
}

function sizeOfTag({ number }: Field): number {
  return lengthOfVarint(number * 8);
}

function isVarint(type: FieldType): boolean {
  return typeof type === 'object' ? type.kind === 'enum' : type !== 'bytes' && type !== 'string';
}

function wireTypeOf(type: FieldType): number {
  return isVarint(type) ? VARINT : LENGTH_DELIMITED;
}

function writeMessage(writer: WireWriter, type: MessageType, values: Values): void {
  for (const field of type.list) {
    const value = values[field.name];
    if (value === undefined) continue;
    if (field.isRepeated) writeRepeated(writer, field, value as readonly unknown[]);
    else if (!isDefault(field, value)) writeField(writer, field, value);
  }
}

function writeRepeated(writer: WireWriter, field: Field, values: readonly unknown[]): void {
  if (values.length === 0) return;
  if (!isVarint(field.type)) {
    for (const value of values) writeField(writer, field, value);
    return;
  }
  writer.varint(field.number * 8 + LENGTH_DELIMITED);
  writer.varint(sizeOfAll(field.type, values));
  for (const value of values) writeValue(writer, field.type, value);
}

function writeField(writer: WireWriter, { number, type }: Field, value: unknown): void {
  writer.varint(number * 8 + wireTypeOf(type));
  writeValue(writer, type, value);
}

function writeValue(writer: WireWriter, type: FieldType, value: unknown): void {
  if (typeof type === 'object') {
    if (type.kind === 'enum') return writer.varint(type.names.indexOf(value as string));
    writer.varint(sizeOfValues(type, value as Values));
    return writeMessage(writer, type, value as Values);
  }
  switch (type) {
    case 'bool':
      return writer.varint(Number(value));
    case 'bytes':
      return writer.lengthAndBytes(value as Uint8Array);
    case 'string':
      return writer.lengthAndBytes(Buffer.from(value as string));
    case 'int64':
    case 'id64':
    case 'uint64':
      return writer.varint(value as number | bigint);
  }
}

function readMessage(reader: WireReader, end: number, type: MessageType): Values {
  const values: Record<string, unknown> = {};
  for (const field of type.list) values[field.name] = defaultOf(field);
  while (reader.position < end) {
    const tag = reader.number();
    const field = type.byNumber.get(Math.floor(tag / 8));
    if (field === undefined) reader.skip(tag % 8);
    else readField(reader, tag % 8, field, values);
  }
  if (reader.position > end) throw new WireError('a field goes on beyond the end of its message');
  return values;
}

function readField(reader: WireReader, wireType: number, field: NamedField, values: Record<string, unknown>): void {
  const { name, type, isRepeated } = field;
  const isOwn = wireType === wireTypeOf(type);
  if (isOwn && !isRepeated) {
    values[name] = readValue(reader, type);
    return;
  }
  if (!isRepeated || (!isOwn && wireType !== LENGTH_DELIMITED)) {
    throw new WireError(`"${name}" has wire type ${wireType}, not ${wireTypeOf(type)}`);
  }
  const list = values[name] as unknown[];
  const end = isOwn ? reader.position + 1 : reader.end();
  while (reader.position < end) list.push(readValue(reader, type));
  if (!isOwn && reader.position > end) throw new WireError(`a value of "${name}" goes on beyond its end`);
}

function readValue(reader: WireReader, type: FieldType): unknown {
  if (typeof type === 'object') {
    return type.kind === 'enum' ? nameOf(type.names, reader.number()) : readMessage(reader, reader.end(), type);
  }
  switch (type) {
    case 'bool':
      return reader.unsigned() !== 0n;
    case 'bytes':
      return reader.bytes();
    case 'string':
      return Buffer.from(reader.bytes()).toString();
    case 'int64':
      return reader.number();
    case 'id64':
      return BigInt.asIntN(64, reader.unsigned());
    case 'uint64':
      return reader.unsigned();
  }
}

function nameOf(names: readonly string[], value: number): string {
  const name = names[value];
  if (name === undefined) throw new WireError(`${value} is none of ${names.join(', ')}`);
  return name;
}
