import os from 'node:os';
import { expect, test } from 'vitest';
import { parseExposition } from './exposition.ts';
import { collectHostMetrics, type HostWorld, realHost } from './host-metrics.ts';
import { formatSeries } from './series-text.ts';

const FILES: Readonly<Record<string, string>> = {
  '/proc/stat':
    'cpu  30 0 20 900 5 0 1 0 0 0\ncpu0 10 0 10 450 5 0 1 0 0 0\ncpu1 20 0 10 450 0 0 0 7 0 0\nintr 1\nbtime 1760000000\n',
  '/proc/meminfo': 'MemTotal:        8000 kB\nMemAvailable:    6000 kB\nHugePages_Total:       0\nActive: 5 kB\n',
  '/proc/loadavg': '0.50 0.25 0.10 2/300 12345\n',
  '/proc/diskstats':
    '   8       0 sda 10 0 200 5 20 0 400 8 0 1500 13 0 0 0 0\n   8       1 sda1 10 0 200 5 20 0 400 8 0 15 13\n   7       0 loop0 1 0 2 0 0 0 0 0 0 0 0\n 259 0 nvme0n1 1 0 2 0 1 0 4 0 0 10 0\n 259 1 nvme0n1p1 1 0 2 0 1 0 4 0 0 10 0\n',
  '/proc/net/dev':
    'Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets\n    lo: 100 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0\n  eth0: 5000 9 0 0 0 0 0 0 7000 8 0 0 0 0 0 0\nveth12: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n',
  '/proc/self/mounts':
    'overlay / overlay rw 0 0\nproc /proc proc rw 0 0\n/dev/sda1 /etc/hosts ext4 rw 0 0\n/dev/sda1 /my\\040disk ext4 rw 0 0\n/dev/sda1 /var ext4 rw 0 0\nserver:/x /mnt nfs4 rw 0 0\n',
};

const recorded: HostWorld = {
  ...realHost,
  platform: 'linux',
  readText: async (path) => FILES[path] ?? Promise.reject(new Error(`no ${path}`)),
  statFilesystem: async () => ({ bsize: 4_096, blocks: 100, bavail: 40, bfree: 50 }),
};

test('the files of /proc become node_exporter series', async () => {
  const text = await collectHostMetrics(0, recorded);
  const lines = parseExposition(text).samples.map(({ labels, value }) => `${formatSeries(labels)} ${value}`);
  expect(lines.filter((line) => !line.startsWith('node_cpu'))).toMatchInlineSnapshot(`
    [
      "node_boot_time_seconds 1760000000",
      "node_memory_MemTotal_bytes 8192000",
      "node_memory_MemAvailable_bytes 6144000",
      "node_load1 0.5",
      "node_load5 0.25",
      "node_load15 0.1",
      "node_disk_read_bytes_total{device="sda"} 102400",
      "node_disk_read_bytes_total{device="nvme0n1"} 1024",
      "node_disk_written_bytes_total{device="sda"} 204800",
      "node_disk_written_bytes_total{device="nvme0n1"} 2048",
      "node_disk_io_time_seconds_total{device="sda"} 1.5",
      "node_disk_io_time_seconds_total{device="nvme0n1"} 0.01",
      "node_network_receive_bytes_total{device="lo"} 100",
      "node_network_receive_bytes_total{device="eth0"} 5000",
      "node_network_transmit_bytes_total{device="lo"} 100",
      "node_network_transmit_bytes_total{device="eth0"} 7000",
      "node_filesystem_size_bytes{device="overlay",fstype="overlay",mountpoint="/"} 409600",
      "node_filesystem_size_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/var"} 409600",
      "node_filesystem_avail_bytes{device="overlay",fstype="overlay",mountpoint="/"} 163840",
      "node_filesystem_avail_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/var"} 163840",
    ]
  `);
  expect(lines).toContain('node_cpu_seconds_total{cpu="0",mode="idle"} 4.5');
  expect(lines).toContain('node_cpu_seconds_total{cpu="1",mode="steal"} 0.07');
  expect(lines.filter((line) => line.startsWith('node_cpu'))).toHaveLength(16);
});

test('what cannot be read is left out, and the rest stays', async () => {
  const world: HostWorld = {
    ...recorded,
    readText: async (path) => (path === '/proc/loadavg' ? '1 2 3 1/1 1' : Promise.reject(new Error('denied'))),
  };
  expect(parseExposition(await collectHostMetrics(0, world)).samples.map(({ value }) => value)).toEqual([1, 2, 3]);
});

test('elsewhere than on Linux the same names come from the runtime', async () => {
  const world: HostWorld = { ...recorded, platform: 'darwin', os };
  const names = new Set(
    parseExposition(await collectHostMetrics(1_760_000_000_000, world)).samples.map(({ labels }) => labels['__name__']),
  );
  expect(names).toEqual(
    new Set([
      'node_cpu_seconds_total',
      'node_boot_time_seconds',
      'node_memory_MemTotal_bytes',
      'node_memory_MemAvailable_bytes',
      'node_load1',
      'node_load5',
      'node_load15',
      'node_filesystem_size_bytes',
      'node_filesystem_avail_bytes',
    ]),
  );
});

test('this machine answers', async () => {
  const { samples } = parseExposition(await collectHostMetrics(Date.now()));
  const total = samples.find(({ labels }) => labels['__name__'] === 'node_memory_MemTotal_bytes');
  expect(total?.value).toBeGreaterThan(2 ** 26);
});
