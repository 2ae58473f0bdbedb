/** Reads what a caller says of a service, as Consul's agent and catalogue take it, into records. */
import type { Address, CheckRecord, ServiceRecord } from './catalog-records.ts';
import { readCheck } from './check-definition.ts';
import { badRequest } from './consul-error.ts';
import type { Fields } from './fields.ts';

/** Consul's own bounds of metadata. */
const META_COUNT_MAX = 64;
const META_KEY_LENGTH_MAX = 128;
const META_VALUE_LENGTH_MAX = 512;
/** Bytes of what names a service, a check or a node: they are parts of the store's keys. */
const NAME_SIZE_BYTES_MAX = 255;
const PORT_MAX = 65_535;

/** @throws ConsulError 400. `name` is the field that the name is in: `Name` for the agent, `Service` for the catalogue. */
export function readService(fields: Fields, node: string, name: 'Name' | 'Service'): ServiceRecord {
  const service = fields.text(name) ?? '';
  if (service === '') throw badRequest('Missing service name');
  for (const mesh of ['Connect', 'Proxy'] as const) if (fields.has(mesh)) refuseMesh(mesh, fields);
  if ((fields.text('Kind') ?? '') !== '') throw badRequest('Plumb has no service mesh: leave out Kind');
  const weights = fields.fields('Weights');
  const address = fields.text('Address') ?? '';
  if (address === '0.0.0.0' || address === '::' || address === '[::]') throw badRequest('Invalid service address');
  return {
    node,
    id: requireShort(fields.text('ID') || service, 'service ID'),
    service: requireShort(service, 'service name'),
    tags: fields.texts('Tags') ?? [],
    address: requireShort(address, 'service address'),
    port: readPort(fields, 'Port'),
    meta: readMeta(fields, 'Meta', 'Service'),
    taggedAddresses: readTaggedAddresses(fields),
    weights: { passing: weights?.wholeNumber('Passing') ?? 1, warning: weights?.wholeNumber('Warning') ?? 1 },
    enableTagOverride: fields.boolean('EnableTagOverride') ?? false,
  };
}

/** The checks that come with a service: one has the service's name, several are counted. */
export function readServiceChecks(fields: Fields, { node, id, service }: ServiceRecord): readonly CheckRecord[] {
  const [one, many] = [fields.fields('Check'), fields.list('Checks') ?? []];
  const all = [...(one === undefined ? [] : [one]), ...many];
  return all.map((check, i) => {
    const record = readCheck(check, {
      node,
      checkId: all.length === 1 ? `service:${id}` : `service:${id}:${i + 1}`,
      name: `Service '${service}' check`,
      serviceId: id,
      serviceName: service,
    });
    requireShort(record.checkId, 'check ID');
    return record;
  });
}

/** @throws ConsulError 400 beyond Consul's bounds of metadata. */
export function readMeta(fields: Fields, name: string, owner: 'Service' | 'Node'): Readonly<Record<string, string>> {
  const meta = fields.textMap(name) ?? {};
  if (Object.keys(meta).length > META_COUNT_MAX) {
    throw badRequest(
      `Invalid ${owner} Meta: ${owner} metadata cannot contain more than ${META_COUNT_MAX} key/value pairs`,
    );
  }
  for (const [key, value] of Object.entries(meta)) {
    if (key === '' || key.length > META_KEY_LENGTH_MAX || !/^[a-zA-Z0-9_-]+$/.test(key)) {
      throw badRequest(
        `Invalid ${owner} Meta: Couldn't load metadata pair ('${key}', '${value}'): Key contains invalid characters`,
      );
    }
    if (value.length > META_VALUE_LENGTH_MAX) {
      throw badRequest(
        `Invalid ${owner} Meta: Couldn't load metadata pair ('${key}', …): Value is longer than ${META_VALUE_LENGTH_MAX} characters`,
      );
    }
  }
  return meta;
}

/** What names something is a part of a key. */
export function requireShort(text: string, what: string): string {
  if (Buffer.byteLength(text) > NAME_SIZE_BYTES_MAX || !text.isWellFormed() || /\p{Cc}/u.test(text)) {
    throw badRequest(`Invalid ${what}: at most ${NAME_SIZE_BYTES_MAX} bytes of text without control characters`);
  }
  return text;
}

function readPort(fields: Fields, name: string): number {
  const port = fields.wholeNumber(name) ?? 0;
  if (port >= 0 && port <= PORT_MAX) return port;
  throw badRequest(`Invalid service port: ${port} is not between 0 and ${PORT_MAX}`);
}

function readTaggedAddresses(fields: Fields): Readonly<Record<string, Address>> {
  const addresses = [...(fields.fieldsMap('TaggedAddresses') ?? [])];
  if (addresses.length > META_COUNT_MAX) throw badRequest(`Invalid TaggedAddresses: at most ${META_COUNT_MAX}`);
  return Object.fromEntries(
    addresses.map(([tag, address]) => [
      tag,
      { address: address.text('Address') ?? '', port: readPort(address, 'Port') },
    ]),
  );
}

/** An empty one says nothing. */
function refuseMesh(name: 'Connect' | 'Proxy', fields: Fields): void {
  const value = fields.raw(name);
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) return;
  throw badRequest(`Plumb has no service mesh: leave out ${name}`);
}
