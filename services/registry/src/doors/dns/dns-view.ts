/**
 * The dictionary as the DNS door needs it, in memory: a question costs no call. It costs what changes, since each change
 * touches its own instances and its own service.
 */
import type { Instance, RegistryEvent } from '../../index.ts';
import { createDnsName } from './dns-name.ts';
import { TEXTS_MAX } from './dns-record.ts';
import type { DnsInstance, DnsService, DnsSource } from './dns-source.ts';
import { SERVICE_ZONE } from './dns-zone.ts';
import { instanceLabel } from './instance-label.ts';
import { parseAddress } from './parse-address.ts';

/** A length of one byte (RFC 1035, 3.3). */
const TEXT_BYTES_MAX = 255;

export class DnsView implements DnsSource {
  readonly #declared = new Set<string>();
  readonly #services = new Map<string, ServiceInstances>();
  /** The service of each instance that is shown: what leaves is told by its id. */
  readonly #serviceOf = new Map<string, string>();
  #revision: number | undefined;

  revision(): number | undefined {
    return this.#revision;
  }

  service(name: string): DnsService | undefined {
    return this.#services.get(name) ?? (this.#declared.has(name) ? NO_INSTANCES : undefined);
  }

  apply(event: RegistryEvent): void {
    if (event.kind === 'snapshot') this.#clear();
    else {
      for (const id of event.removed.instances) this.#remove(id);
      for (const name of event.removed.services) this.#declared.delete(name);
    }
    for (const { name } of event.services) this.#declared.add(name);
    for (const instance of event.instances) this.#put(instance);
    this.#revision = event.revision;
  }

  /** Until the next snapshot nothing is known: an instance that is given out may have left. */
  forget(): void {
    this.#clear();
    this.#revision = undefined;
  }

  #clear(): void {
    this.#declared.clear();
    this.#services.clear();
    this.#serviceOf.clear();
  }

  #put(instance: Instance): void {
    this.#remove(instance.id);
    if (instance.health.state !== 'ready') return;
    const shown = toDnsInstance(instance);
    if (shown === undefined) return;
    this.#serviceOf.set(instance.id, instance.service);
    const service = this.#services.get(instance.service) ?? new ServiceInstances();
    this.#services.set(instance.service, service);
    service.set(shown);
  }

  #remove(id: string): void {
    const name = this.#serviceOf.get(id);
    if (name === undefined) return;
    this.#serviceOf.delete(id);
    const service = this.#services.get(name);
    service?.delete(instanceLabel(id));
    if (service?.isEmpty() === true) this.#services.delete(name);
  }
}

class ServiceInstances implements DnsService {
  readonly #byLabel = new Map<string, DnsInstance>();
  // Made when they are asked for: a thousand changes in a row cost one list.
  #list: readonly DnsInstance[] | undefined;
  #addresses: readonly Uint8Array[] | undefined;

  instances(): readonly DnsInstance[] {
    this.#list ??= [...this.#byLabel.values()];
    return this.#list;
  }

  addresses(sizeBytes: 4 | 16): readonly Uint8Array[] {
    this.#addresses ??= distinctAddresses(this.#byLabel.values());
    return this.#addresses.filter(({ length }) => length === sizeBytes);
  }

  find(label: string): DnsInstance | undefined {
    return this.#byLabel.get(label);
  }

  set(instance: DnsInstance): void {
    this.#byLabel.set(instance.name.labels[0] ?? '', instance);
    this.#forgetLists();
  }

  delete(label: string): void {
    this.#byLabel.delete(label);
    this.#forgetLists();
  }

  isEmpty(): boolean {
    return this.#byLabel.size === 0;
  }

  #forgetLists(): void {
    this.#list = undefined;
    this.#addresses = undefined;
  }
}

const NO_INSTANCES: DnsService = { instances: () => [], addresses: () => [], find: () => undefined };

/** Sets of records have no duplicates (RFC 2181, 5). */
function distinctAddresses(instances: Iterable<DnsInstance>): readonly Uint8Array[] {
  const byText = new Map<string, Uint8Array>();
  for (const { address } of instances) if (address !== undefined) byText.set(address.join('.'), address);
  return [...byText.values()];
}

/** Undefined where nobody could connect to its address. TXT says names, and nothing of what an application is told. */
function toDnsInstance(instance: Instance): DnsInstance | undefined {
  const parsed = parseAddress(instance.address);
  if (parsed === undefined) return undefined;
  const texts = (['id', 'application', 'release', 'host'] as const)
    .map((key) => Buffer.from(`${key}=${instance[key]}`))
    .filter(({ length }) => length <= TEXT_BYTES_MAX)
    .slice(0, TEXTS_MAX);
  return {
    name: createDnsName([instanceLabel(instance.id), instance.service, ...SERVICE_ZONE]),
    port: instance.port,
    address: parsed.kind === 'address' ? parsed.bytes : undefined,
    hostName: parsed.kind === 'host' ? parsed.name : undefined,
    texts,
  };
}
