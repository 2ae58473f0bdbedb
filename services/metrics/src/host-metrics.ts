/**
 * The machine's own metrics under node_exporter's names, so that what people know and have works: CPU, memory, load,
 * disks, file systems, network. On Linux from /proc and statfs; elsewhere what `node:os` knows, under the same names.
 * https://github.com/prometheus/node_exporter, https://docs.kernel.org/filesystems/proc.html
 */
import fs from 'node:fs/promises';
import os from 'node:os';
import { formatExposition, type MetricFamily } from './exposition-text.ts';
import type { Labels } from './series-text.ts';

/** What the machine says of itself; a test gives recorded files. */
export type HostWorld = {
  readonly platform: string;
  readonly readText: (path: string) => Promise<string>;
  readonly statFilesystem: (path: string) => Promise<{ bsize: number; blocks: number; bavail: number; bfree: number }>;
  readonly os: Pick<typeof os, 'cpus' | 'totalmem' | 'freemem' | 'loadavg' | 'uptime'>;
};

export const realHost: HostWorld = {
  platform: process.platform,
  readText: (path) => fs.readFile(path, 'utf8'),
  statFilesystem: (path) => fs.statfs(path),
  os,
};

/** Devices, file systems and interfaces of one kind that are reported; a machine with more has a purpose of its own. */
const DEVICES_MAX = 32;
/** Clock ticks a second of the times in /proc: USER_HZ, 100 on every Linux that Node.js runs on. */
export const TICKS_PER_SECOND = 100;
/** Bytes of a sector in /proc/diskstats, whatever the disk's own is. */
const SECTOR_BYTES = 512;

/** The exposition text of this moment. A part that cannot be read, as in a locked-down container, is left out. */
export async function collectHostMetrics(now: number, world: HostWorld = realHost): Promise<string> {
  if (world.platform !== 'linux')
    return formatExposition([...portableFamilies(now, world), ...(await rootFilesystem(world))]);
  const read = async (path: string, parse: (text: string) => MetricFamily[]): Promise<MetricFamily[]> => {
    const text = await world.readText(path).catch(() => undefined);
    return text === undefined ? [] : parse(text);
  };
  const parts = await Promise.all([
    read('/proc/stat', cpuFamilies),
    read('/proc/meminfo', memoryFamilies),
    read('/proc/loadavg', loadFamilies),
    read('/proc/diskstats', diskFamilies),
    read('/proc/net/dev', networkFamilies),
    world
      .readText('/proc/self/mounts')
      .then((text) => filesystemFamilies(mountsOf(text), world))
      .catch(() => []),
  ]);
  return formatExposition(parts.flat());
}

const CPU_MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const;

function cpuFamilies(text: string): MetricFamily[] {
  const samples: { labels: Labels; value: number }[] = [];
  let bootTime: number | undefined;
  for (const line of text.split('\n')) {
    const [word = '', ...rest] = line.split(/\s+/);
    const cpu = /^cpu(\d+)$/.exec(word)?.[1];
    if (word === 'btime') bootTime = Number(rest[0]);
    if (cpu === undefined) continue;
    for (const [index, mode] of CPU_MODES.entries()) {
      samples.push({ labels: { cpu, mode }, value: Number(rest[index] ?? 0) / TICKS_PER_SECOND });
    }
  }
  return [
    { name: 'node_cpu_seconds_total', type: 'counter', help: 'Seconds the CPUs spent in each mode.', samples },
    bootFamily(bootTime),
  ];
}

function bootFamily(value: number | undefined): MetricFamily {
  const samples = value === undefined ? [] : [{ value }];
  return { name: 'node_boot_time_seconds', type: 'gauge', help: 'Unix time at which the machine started.', samples };
}

const MEMORY_FIELDS = ['MemTotal', 'MemFree', 'MemAvailable', 'Buffers', 'Cached', 'SwapTotal', 'SwapFree'];

function memoryFamilies(text: string): MetricFamily[] {
  return [...text.matchAll(/^(\w+):\s+(\d+) kB$/gm)]
    .filter(([, field = '']) => MEMORY_FIELDS.includes(field))
    .map(([, field, kibibytes]) => gauge(`node_memory_${field}_bytes`, `Memory: ${field}.`, Number(kibibytes) * 1_024));
}

function loadFamilies(text: string): MetricFamily[] {
  const loads = text.split(' ').slice(0, 3).map(Number);
  return loads.map((load, index) => loadFamily([1, 5, 15][index] ?? 1, load));
}

function loadFamily(minutes: number, load: number): MetricFamily {
  return gauge(`node_load${minutes}`, `Processes that run or wait, average of ${minutes} min.`, load);
}

function diskFamilies(text: string): MetricFamily[] {
  const disks = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    // Whole disks only: a partition's bytes are its disk's, and RAM and loop devices are not disks.
    .filter(
      ([, , device = '']) =>
        device !== '' && !/^(ram|loop|fd|zram|((h|s|v|xv)d[a-z]+|nvme\d+n\d+p|mmcblk\d+p)\d+$)/.test(device),
    )
    .slice(0, DEVICES_MAX);
  const family = (name: string, help: string, column: number, factor: number): MetricFamily => ({
    name,
    type: 'counter',
    help,
    samples: disks.map((disk) => ({ labels: { device: disk[2] ?? '' }, value: Number(disk[column] ?? 0) * factor })),
  });
  return [
    family('node_disk_read_bytes_total', 'Bytes read from disk.', 5, SECTOR_BYTES),
    family('node_disk_written_bytes_total', 'Bytes written to disk.', 9, SECTOR_BYTES),
    family('node_disk_io_time_seconds_total', 'Seconds the disk was busy.', 12, 0.001),
  ];
}

function networkFamilies(text: string): MetricFamily[] {
  const interfaces = [...text.matchAll(/^\s*([^\s:|]+):\s*(.+)$/gm)]
    .map(([, device = '', rest = '']) => ({ device, counts: rest.trim().split(/\s+/).map(Number) }))
    // A container's end of a cable is somebody else's traffic, counted once more.
    .filter(({ device }) => !device.startsWith('veth'))
    .slice(0, DEVICES_MAX);
  const family = (name: string, help: string, column: number): MetricFamily => ({
    name,
    type: 'counter',
    help,
    samples: interfaces.map(({ device, counts }) => ({ labels: { device }, value: counts[column] ?? 0 })),
  });
  return [
    family('node_network_receive_bytes_total', 'Bytes received from the network.', 0),
    family('node_network_transmit_bytes_total', 'Bytes sent to the network.', 8),
  ];
}

type Mount = { readonly device: string; readonly mountpoint: string; readonly fstype: string };

/** The root, and each local disk file system once, at its shortest path: bind mounts show the same device many times. */
function mountsOf(text: string): Mount[] {
  const byDevice = new Map<string, Mount>();
  for (const line of text.split('\n')) {
    const [device = '', mountpoint = '', fstype = ''] = line.split(' ').map(unescapeMount);
    const isLocal = device.startsWith('/dev/') || fstype === 'zfs' || mountpoint === '/';
    // Asking a network file system whose server is away would block a thread for minutes.
    if (!isLocal || fstype === 'squashfs' || fstype.startsWith('nfs') || fstype.startsWith('fuse.')) continue;
    const known = byDevice.get(device);
    if (known === undefined || mountpoint.length < known.mountpoint.length) {
      byDevice.set(device, { device, mountpoint, fstype });
    }
  }
  return [...byDevice.values()].slice(0, DEVICES_MAX);
}

/** Blanks in /proc/self/mounts are octal escapes. */
function unescapeMount(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

async function filesystemFamilies(mounts: readonly Mount[], world: HostWorld): Promise<MetricFamily[]> {
  const read = async (mount: Mount): Promise<{ labels: Labels; sizeBytes: number; availableBytes: number }[]> => {
    const facts = await world.statFilesystem(mount.mountpoint).catch(() => undefined);
    if (facts === undefined || facts.blocks === 0) return [];
    return [{ labels: mount, sizeBytes: facts.blocks * facts.bsize, availableBytes: facts.bavail * facts.bsize }];
  };
  const filesystems = (await Promise.all(mounts.map(read))).flat();
  const family = (name: string, help: string, key: 'sizeBytes' | 'availableBytes'): MetricFamily => ({
    name,
    type: 'gauge',
    help,
    samples: filesystems.map((one) => ({ labels: one.labels, value: one[key] })),
  });
  return [
    family('node_filesystem_size_bytes', 'Size of the file system.', 'sizeBytes'),
    family('node_filesystem_avail_bytes', 'Space that is left for ordinary users.', 'availableBytes'),
  ];
}

function rootFilesystem(world: HostWorld): Promise<MetricFamily[]> {
  const mountpoint = world.platform === 'win32' ? 'C:\\' : '/';
  return filesystemFamilies([{ device: 'root', mountpoint, fstype: 'unknown' }], world);
}

function portableFamilies(now: number, world: HostWorld): MetricFamily[] {
  const samples = world.os.cpus().flatMap(({ times }, index) =>
    (
      [
        ['user', times.user],
        ['nice', times.nice],
        ['system', times.sys],
        ['idle', times.idle],
        ['irq', times.irq],
      ] as const
    ).map(([mode, lengthMs]) => ({ labels: { cpu: String(index), mode }, value: lengthMs / 1_000 })),
  );
  return [
    { name: 'node_cpu_seconds_total', type: 'counter', help: 'Seconds the CPUs spent in each mode.', samples },
    bootFamily(Math.round(now / 1_000 - world.os.uptime())),
    gauge('node_memory_MemTotal_bytes', 'Memory: MemTotal.', world.os.totalmem()),
    gauge('node_memory_MemAvailable_bytes', 'Memory: MemAvailable.', world.os.freemem()),
    ...world.os.loadavg().map((load, index) => loadFamily([1, 5, 15][index] ?? 1, load)),
  ];
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, type: 'gauge', help, samples: [{ value }] };
}
