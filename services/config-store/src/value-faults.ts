/** What is wrong with values by themselves, and with how many there are. Pure. */
import { type ConfigValue, isSealedValue, sealedValueSchema } from '@plumb/config/feed';
import * as v from 'valibot';
import type { ApplicationValues } from './application-values.ts';
import type { ConfigFault } from './contract/guards.ts';
import { isConfigObject } from './flatten.ts';
import type { KeyChange } from './key-change.ts';
import { sizeOf } from './layer-values.ts';

/** Configuration is read whole by every process: more than this is data, and belongs elsewhere. Of each layer. */
export const KEYS_MAX = 10_000;
/** Environments and regions of a large installation; each reader has at most six of them. */
export const LAYERS_MAX = 64;
/** As JSON in UTF-8. What is sealed is a third longer, and has a header for each recipient. */
export const VALUE_SIZE_BYTES_MAX = 65_536;
export const SEALED_SIZE_BYTES_MAX = 131_072;
/** Of all values of one change set: with history it is twice that, in one transaction of the store. */
export const CHANGE_SIZE_BYTES_MAX = 2 * 1_048_576;
/** Of the keys and values of each layer: what a reader sees, of six layers, is sent in one message of 8 MiB. */
export const LAYER_SIZE_BYTES_MAX = 1_048_576;
/** Objects and lists within a list. */
const LIST_DEPTH_MAX = 16;

export function valueFaults(state: ApplicationValues, changes: readonly KeyChange[]): ConfigFault[] {
  let sizeBytes = 0;
  const faults: ConfigFault[] = changes.flatMap(({ layer, key, value }) => {
    if (value === undefined) return [];
    const valueSizeBytes = Buffer.byteLength(JSON.stringify(value));
    sizeBytes += valueSizeBytes;
    const reason = reasonAgainst(key, value, valueSizeBytes);
    return reason === undefined ? [] : [{ key, layer, reason }];
  });
  if (sizeBytes > CHANGE_SIZE_BYTES_MAX) {
    const reason = `the values are ${sizeBytes} bytes together, over the ${CHANGE_SIZE_BYTES_MAX} of one change: make several`;
    faults.push({ key: '', reason });
  }
  return [...faults, ...countFaults(state, changes)];
}

function reasonAgainst(key: string, value: ConfigValue, sizeBytes: number): string | undefined {
  if (isSealedValue(value)) return reasonAgainstSealed(value, sizeBytes);
  if (isConfigObject(value)) {
    return `cannot be an object: set its parts one by one, like ${key}.${Object.keys(value)[0] ?? 'name'}`;
  }
  if (sizeBytes > VALUE_SIZE_BYTES_MAX) {
    return `is ${sizeBytes} bytes, over the ${VALUE_SIZE_BYTES_MAX} of a value: keep files as assets`;
  }
  return reasonAgainstList(value);
}

function reasonAgainstSealed(value: ConfigValue, sizeBytes: number): string | undefined {
  const { success, output, issues } = v.safeParse(sealedValueSchema, value);
  if (!success) return `is not a sealed value: ${issues[0].message}`;
  if (sizeBytes > SEALED_SIZE_BYTES_MAX)
    return `is ${sizeBytes} bytes sealed, over the ${SEALED_SIZE_BYTES_MAX} that fit`;
  if (output.$sealed === '' || output.to.length === 0) {
    return 'is a secret that was withheld from you, not the secret: leave it out, or seal a value of your own';
  }
  const isSorted = output.to.every((recipient, i) => i === 0 || (output.to[i - 1] ?? '') < recipient);
  return isSorted ? undefined : 'names its recipients out of order or twice: seal it again';
}

/** What is sealed is known as a secret only where it is a value of its own. */
function reasonAgainstList(value: ConfigValue, depth = 1): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (isSealedValue(value)) return 'has a sealed value within a list: seal the whole list';
  if (depth > LIST_DEPTH_MAX) return `is nested over ${LIST_DEPTH_MAX} deep: flatten it`;
  for (const part of Object.values(value) as ConfigValue[]) {
    const reason = reasonAgainstList(part, depth + 1);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function countFaults(state: ApplicationValues, changes: readonly KeyChange[]): ConfigFault[] {
  const byLayer = Map.groupBy(changes, ({ layer }) => layer);
  const faults: ConfigFault[] = [];
  for (const [layer, own] of byLayer) {
    let count = state.countKeys(layer);
    let sizeBytes = state.sizeBytesOf(layer);
    for (const { key, value } of own) {
      const before = state.get(layer, key)?.value;
      count += Number(value !== undefined) - Number(before !== undefined);
      sizeBytes += value === undefined ? 0 : sizeOf(key, value);
      sizeBytes -= before === undefined ? 0 : sizeOf(key, before);
    }
    if (sizeBytes > LAYER_SIZE_BYTES_MAX && sizeBytes > state.sizeBytesOf(layer)) {
      const reason = `${layer} would have ${sizeBytes} bytes, over the ${LAYER_SIZE_BYTES_MAX} that fit: keep data elsewhere`;
      faults.push({ key: '', layer, reason });
    }
    if (count > KEYS_MAX && count > state.countKeys(layer)) {
      const reason = `${layer} would have ${count} keys, over the ${KEYS_MAX} that fit: keep data elsewhere, or unset what is not used`;
      faults.push({ key: '', layer, reason });
    }
  }
  const layers = new Set(state.layers());
  const isLater = [...byLayer.keys()].some((layer) => !layers.has(layer));
  if (isLater && new Set([...layers, ...byLayer.keys()]).size > LAYERS_MAX) {
    faults.push({ key: '', reason: `there would be over ${LAYERS_MAX} layers: unset those that are not used` });
  }
  return faults;
}
