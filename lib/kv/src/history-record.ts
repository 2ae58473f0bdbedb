/**
 * A piece of history on disk: the changes of one batch, as `docs/formats/kv.md` draws them. Only what a change replaced is
 * written. What it put is in the state, or in what a later change replaced: `rebuildChanges` finds it there.
 */
import { type CopyBytes, readEntry, writeEntry } from './entry-body.ts';
import type { EngineWrite } from './kv-engine.ts';
import type { KvChange, KvView } from './kv-state.ts';
import type { Entry, Key } from './kv.ts';
import { RecordWriter } from './record-writer.ts';
import { damagedError, RecordReader } from './sealed-record.ts';
import { compareKeys } from './sorted-map.ts';

/** What the keys of a change held before, in key order; undefined for those that were absent. */
export type Replaced = readonly (readonly [Key, Entry | undefined])[];
/** Of each revision from `firstRevision` on. */
export type StoredHistory = { readonly firstRevision: number; readonly changes: readonly Replaced[] };

const PREFIX = '3';
/** Digits of a revision in a key, so that keys are in the order of revisions: that many hold any safe integer. */
const REVISION_DIGITS = 16;
/** About what a change of one key that replaced a small value takes. */
const CHANGE_SIZE_BYTES = 256;

/** The record of `changes`, which follow each other; at least one. */
export function formatHistory(changes: readonly KvChange[]): EngineWrite {
  const writer = new RecordWriter(historyKey(changes[0]?.revision ?? 0), changes.length * CHANGE_SIZE_BYTES);
  writer.u32(changes.length);
  for (const { puts, deletes, previous } of changes) {
    writer.u32(puts.length + deletes.length);
    let [putIndex, deleteIndex, previousIndex] = [0, 0, 0];
    while (putIndex < puts.length || deleteIndex < deletes.length) {
      const [put, deleted] = [puts[putIndex], deletes[deleteIndex]];
      const isPut = deleted === undefined || (put !== undefined && compareKeys(put.key, deleted) < 0);
      const key = (isPut ? put?.key : deleted) ?? '';
      if (isPut) putIndex += 1;
      else deleteIndex += 1;
      const before = previous[previousIndex];
      const isReplaced = before?.key === key;
      if (isReplaced) previousIndex += 1;
      writeReplaced(writer, key, isReplaced ? before : undefined);
    }
  }
  return writer.finish();
}

function writeReplaced(writer: RecordWriter, key: Key, before: Entry | undefined): void {
  writer.u16(Buffer.byteLength(key));
  const sizeAt = writer.size;
  writer.u32(0);
  writer.text(key);
  if (before === undefined) return;
  const start = writer.size;
  writeEntry(writer, before);
  writer.u32At(sizeAt, writer.size - start);
}

/** The deletion of the record that begins with `firstRevision`. */
export function deleteHistory(firstRevision: number): EngineWrite {
  return { key: Buffer.from(historyKey(firstRevision)), value: undefined };
}

/** `reader` stands at the start of the body of the record `name`. */
export function parseHistory(name: string, reader: RecordReader, copy: CopyBytes): StoredHistory {
  const changes = Array.from({ length: reader.u32() }, () => Array.from({ length: reader.u32() }, readReplaced));
  if (reader.restSize > 0) throw damagedError(name, 'it is too long');
  return { firstRevision: Number(name.slice(PREFIX.length)), changes };

  function readReplaced(): readonly [Key, Entry | undefined] {
    const keySize = reader.u16();
    const bodySize = reader.u32();
    const key = reader.text(keySize);
    if (bodySize === 0) return [key, undefined];
    return [key, readEntry(key, new RecordReader(name, reader.bytes(bodySize)), copy)];
  }
}

/**
 * The changes that led to `state`, oldest first, from the records in the order of their keys, without those below
 * `oldestRevision`.
 * @throws OperatingError `internal` when a record is missing or does not fit.
 */
export function rebuildChanges(state: KvView, records: readonly StoredHistory[], oldestRevision: number): KvChange[] {
  const changes: KvChange[] = [];
  /** What keys held after the change that is looked at, where that is not what the state holds; null is nothing. */
  const held = new Map<Key, Entry | null>();
  let revision = state.revision;
  for (const record of records.toReversed()) {
    const name = historyKey(record.firstRevision);
    if (record.firstRevision + record.changes.length - 1 !== revision) {
      throw damagedError(name, `what comes after it, up to revision ${revision}, is missing`);
    }
    for (const replaced of record.changes.toReversed()) {
      if (revision >= oldestRevision) changes.push(rebuildChange(state, revision, replaced, held, name));
      revision -= 1;
    }
  }
  if (revision < Math.max(1, oldestRevision)) return changes.reverse();
  throw damagedError(historyKey(oldestRevision), 'it is missing');
}

function rebuildChange(
  state: KvView,
  revision: number,
  replaced: Replaced,
  held: Map<Key, Entry | null>,
  name: string,
): KvChange {
  const puts: Entry[] = [];
  const deletes: Key[] = [];
  const previous: Entry[] = [];
  for (const [key, before] of replaced) {
    const known = held.get(key);
    const after = known === undefined ? state.get(key) : known;
    if (after === undefined || after === null) deletes.push(key);
    else if (after.modRevision === revision) puts.push(after);
    else throw damagedError(name, `"${key}" was not changed at revision ${revision}`);
    if (before !== undefined) previous.push(before);
    held.set(key, before ?? null);
  }
  return { revision, puts, deletes, previous };
}

function historyKey(firstRevision: number): string {
  return `${PREFIX}${String(firstRevision).padStart(REVISION_DIGITS, '0')}`;
}
